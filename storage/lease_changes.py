"""Changes of leases, with history and events: on PostgreSQL one statement, whatever the number of refills."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection, Dialect, Table, bindparam, insert, update

from monitor.events.changes import REFILL_KINDS
from monitor.model.refill import RefillState
from storage import events
from storage.alert_tables import events as events_table
from storage.bulk import execute_many
from storage.column_types import microseconds
from storage.lease_rows import LeaseRow
from storage.queue_signal import tell_queued
from storage.schema import refill_events, refills

_CHANGED = (
    "state", "attempt", "available_at", "lease_token", "leased_until", "consumer", "completed_at",
    "delivered", "external_id", "last_error", "done_token", "done_action", "done_state",
)  # fmt: skip
_SUBJECT = ("order_id", "refill_id", "link", "metric", "service", "provider")
_HISTORY = ("refill_id", "at", "state", "detail")
_UPDATE = (
    update(refills)
    .where(refills.c.refill_id == bindparam("id"))
    .values({name: bindparam(name) for name in _CHANGED})
)
_INSERT_HISTORY = insert(refill_events).values({name: bindparam(name) for name in _HISTORY})
_IS_GIVEN = "refill_id = id AND refill_id = ANY (%(ids)s)"
"""PostgreSQL takes the rows of JSON for a hundred, and would read a table that is not much larger."""


class Move(NamedTuple):
    """A refill, as it was, enters a state."""

    row: LeaseRow
    state: RefillState
    why: str


def save(connection: Connection, changed: Iterable[LeaseRow], moves: Sequence[Move], now: datetime) -> None:
    """Save locked refills, each once, as they are now, and record their moves.

    A refill that is dead has no event: its alert tells of it.
    """
    at = microseconds(now)
    rows = [_row(row) for row in changed]
    history = [
        {"refill_id": move.row.refill_id, "at": at, "state": str(move.state), "detail": move.why}
        for move in moves
    ]
    stored = list(_events(moves, now))
    if any(move.state is RefillState.QUEUED for move in moves):
        tell_queued(connection)
    if connection.dialect.name == "postgresql":
        parameters: dict[str, object] = {
            "refills": json.dumps(rows),
            "history": json.dumps(history),
            "events": json.dumps(stored),
        }
        parameters["ids"] = [row["id"] for row in rows]
        connection.exec_driver_sql(_save_all(connection.dialect), parameters)
        return
    execute_many(connection, _UPDATE, rows)
    execute_many(connection, _INSERT_HISTORY, history)
    execute_many(connection, events.INSERT, stored)


def _row(row: LeaseRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in _CHANGED} | {"id": row.refill_id}


def _events(moves: Sequence[Move], now: datetime) -> Iterator[dict[str, object]]:
    """The events of moves, whose reasons may all differ, without those of dead refills."""
    states = {move.state for move in moves if move.state in REFILL_KINDS}
    common = {state: events.common(REFILL_KINDS[state], now) for state in states}
    for row, state, why in moves:
        if state in common:
            payload = {"before": row.state, "after": state, "quantity": row.quantity, "why": why}
            subject = {name: getattr(row, name) for name in _SUBJECT}
            yield {**common[state], **subject, "payload": events.dump(payload)}


@cache
def _save_all(dialect: Dialect) -> str:
    """The statement of PostgreSQL: its parameters are lists of rows as JSON."""
    changes = ", ".join(f"{name} = given.{name}" for name in _CHANGED)
    changed = _recordset(dialect, "refills", refills, ("id", *_CHANGED))
    history = _insert(dialect, "history", refill_events, _HISTORY)
    stored = _insert(dialect, "events", events_table, events.INSERTED)
    update_refills = f"UPDATE refills SET {changes} FROM {changed} WHERE {_IS_GIVEN}"  # noqa: S608  # names
    return f"WITH changed AS ({update_refills}), history AS ({history}) {stored}"


def _insert(dialect: Dialect, parameter: str, table: Table, names: Sequence[str]) -> str:
    columns, rows = ", ".join(names), _recordset(dialect, parameter, table, names)
    return f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {rows}"  # noqa: S608  # of names only


def _recordset(dialect: Dialect, parameter: str, table: Table, names: Sequence[str]) -> str:
    types = {column.name: column.type.compile(dialect) for column in table.c}
    types["id"] = "BIGINT"
    columns = ", ".join(f"{name} {types[name]}" for name in names)
    return f"json_to_recordset(%({parameter})s::json) AS given ({columns})"
