"""Short ways to import orders, create refills and read rows in the storage tests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, insert, select, update

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.target import Metric, Target
from storage import drops, due, leases, operator_actions, orders, refills, sources
from storage.column_types import AnyRow
from storage.engine import Database
from storage.orders import ImportedRow
from storage.schema import metadata, targets
from tests import lease_calls
from tests.builders import DAY, HOUR, MINUTE, NOW, a_claim, a_decision, a_drop, a_profile, an_order

T = TypeVar("T")
ATTEMPTS = 10
"""Attempts of a refill, as configured by default."""


# Stored rows


def sell(database: Database, *sold: Order, now: datetime = NOW) -> list[ImportedRow]:
    """Import orders in one batch."""
    with database.write() as connection:
        return orders.import_batch(connection, sold, now)


def owe(connection: Connection, order_id: str = "1", action: Action = Action.REFILL, **changes: Any) -> int:
    """Create drop, decision and refill (queued or held) of an order; returns the refill id."""
    decision = a_decision(order_id, action, **changes)
    closed = DropState.HELD if action is Action.HOLD else DropState.REFILLED
    drop = a_drop(order_id, closed, looks=2, confirmed_at=decision.at, closed_at=decision.at)
    drop_id = drops.save(connection, drop, a_claim(order_id), decision.count)
    drops.add_decision(connection, drop_id, decision)
    return refills.create(connection, drop_id, decision, Metric.FOLLOWERS)


def queue(database: Database, *order_ids: str, **changes: Any) -> list[int]:
    """Import these orders with one refill each; returns the ids of the refills."""
    sell(database, *(an_order(order_id) for order_id in order_ids))
    with database.write() as connection:
        return [owe(connection, order_id, **changes) for order_id in order_ids]


def bring_to(connection: Connection, order_id: str, state: RefillState, at: datetime = NOW) -> int:
    """Create a refill of this order and bring it into `state` by regular actions; returns its id."""
    held = state in {RefillState.HELD, RefillState.REJECTED}
    refill_id = owe(connection, order_id, Action.HOLD if held else Action.REFILL, at=at)
    if state is RefillState.REJECTED:
        operator_actions.act(connection, refill_id, "reject", at)
    elif state is RefillState.CANCELLED:
        operator_actions.act(connection, refill_id, "cancel", at)
    elif state in {RefillState.CLAIMED, RefillState.COMPLETED, RefillState.DEAD}:
        (row,) = leases.claim(connection, at, limit=1, lease=HOUR, consumer="panel")
        if state is RefillState.COMPLETED:
            lease_calls.complete(connection, refill_id, row.lease_token, at)
        elif state is RefillState.DEAD:
            failure = leases.Failure("no such user", retryable=False)
            lease_calls.fail(connection, refill_id, row.lease_token, at, failure, ATTEMPTS)
    return refill_id


def put_target(
    connection: Connection, name: str, at: datetime | None, priority: Priority, **changes: Any
) -> int:
    """Insert a target of the simulated source that has been read before; returns its id."""
    target: Target = changes.pop("target", a_profile(name))
    row = {
        "link": target.link.url, "kind": target.link.kind, "key": target.link.key, "metric": target.metric,
        "next_due_at": at, "priority": int(priority), "source": "simulated",
        "request_key": target.link.key, **changes,
    }  # fmt: skip
    target_id: int = connection.execute(insert(targets).returning(targets.c.target_id), row).scalar_one()
    return target_id


def claim_due(
    database: Database, limit: int = 100, now: datetime = NOW, source: str = "simulated"
) -> list[str]:
    """Claim targets due by date for ten minutes, by priority; returns their request keys."""
    with database.write() as connection:
        sources.breaker(connection, source)  # locks the source
        heads: list[due.DueTarget] = []
        for priority in Priority:
            heads += due.due_by_date(connection, source, priority, now, limit - len(heads))
        rows = due.lock_by_request(connection, source, [head.request_key for head in heads], now)
        due.claim_targets(connection, (row.target_id for row in rows), now + 10 * MINUTE)
    mine = {row.target_id for row in rows}
    return [head.request_key for head in heads if head.target_id in mine]


def put_off(database: Database, target_id: int, until: datetime) -> None:
    """Set the due time of a target."""
    with database.write() as connection:
        connection.execute(update(targets).where(targets.c.target_id == target_id).values(next_due_at=until))


def allow_fast_path(database: Database) -> None:
    """Set noop bounds on all targets until tomorrow, so that their counts take the fast path."""
    bounds = {"noop_min_count": 90, "noop_until": NOW + DAY, "judged_from": NOW, "judged_until": NOW + DAY}
    with database.write() as connection:
        connection.execute(update(targets).values(bounds))


def on_fast_path(database: Database) -> list[bool]:
    """Whether each target has noop bounds."""
    return [row.noop_until is not None for row in rows_of(database, "targets")]


def rows_of(database: Database, table: str) -> list[Any]:
    """All rows of a table in the order of its key."""
    found = metadata.tables[table]
    with database.read() as connection:
        return list(connection.execute(select(found).order_by(*found.primary_key)))


def alerts_of(database: Database) -> list[Any]:
    """The events that are alerts."""
    return [row for row in rows_of(database, "events") if row.alert != "none"]


def everything(database: Database) -> dict[str, list[AnyRow]]:
    """All rows of all tables, to show that nothing has changed."""
    return {table: rows_of(database, table) for table in metadata.tables}


# Threads and statements


def at_once(number: int, work: Callable[[int], T]) -> list[T]:
    """Run the work in so many threads at the same time; returns their results in order."""
    barrier = Barrier(number)

    def start(i: int) -> T:
        barrier.wait(timeout=30)
        return work(i)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


def wait_for_a_blocked_transaction(database: Database) -> None:
    """Return once a transaction on the server waits for a lock."""
    for _ in range(100_000):
        with database.read() as connection:
            if connection.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first():
                return
    pytest.fail("no transaction waits for a lock")


def statements_of(connection: Connection, work: Callable[[], object]) -> list[tuple[str, Any]]:
    """The statements, with their parameters, that the work sends over a connection."""
    spied: Any = connection.connection
    own = spied.dbapi_connection
    spy = _Spy(own)
    spied.dbapi_connection = spy
    try:
        work()
    finally:
        spied.dbapi_connection = own
    return spy.statements


class _Spy:
    """A connection of a driver that records its statements, whoever sends them."""

    def __init__(self, spied: Any) -> None:
        self._spied = spied
        self.statements: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spied, name)

    def cursor(self, *arguments: Any) -> Any:
        return _SpyCursor(self._spied.cursor(*arguments), self.statements)

    def execute(self, statement: str, parameters: Any) -> Any:
        return self.cursor().execute(statement, tuple(parameters))

    def executemany(self, statement: str, rows: Any) -> Any:
        return self.cursor().executemany(statement, rows)


class _SpyCursor:
    def __init__(self, spied: Any, statements: list[tuple[str, Any]]) -> None:
        self._spied, self._statements = spied, statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spied, name)

    def __iter__(self) -> Any:
        return iter(self._spied)

    def execute(self, statement: str, parameters: Any = None, *more: Any) -> Any:
        self._statements.append((statement, parameters))
        return self._spied.execute(statement, *([] if parameters is None else [parameters]), *more)

    def executemany(self, statement: str, rows: Any) -> Any:
        self._statements.append((statement, rows))
        return self._spied.executemany(statement, rows)
