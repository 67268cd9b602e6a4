"""History and events of refills that enter a state together, for hundreds at a time by the database."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, TextClause, text

from monitor.events.changes import REFILL_KINDS
from monitor.model.refill import RefillState
from storage import events
from storage.bulk import execute

_SUBJECT = ("order_id", "refill_id", "link", "metric", "service", "provider")
"""The columns that an event takes from its refill, its order and its target."""
_OWN = ("at", "dedup_key", "actor", "request_id")
"""Those that differ between the transactions of one kind."""
_MOVED = """
    SELECT refill_id, refills.order_id, link, refills.metric, service, provider, refills.quantity, delivered
    FROM"""
_ON_SQLITE = f"""(
    {_MOVED} {{ids}} CROSS JOIN refills ON refill_id = value
    CROSS JOIN orders ON orders.order_id = refills.order_id
    CROSS JOIN targets ON targets.target_id = orders.target_id
)"""  # a CROSS JOIN keeps SQLite to this order
_ON_POSTGRESQL = f"""
    {_MOVED} refills JOIN orders ON orders.order_id = refills.order_id
    JOIN targets ON targets.target_id = orders.target_id
    WHERE refill_id = ANY (:ids) ORDER BY refill_id
"""
_UNITS = {RefillState.COMPLETED: """quantity || ', "delivered": ' || COALESCE(delivered, quantity)"""}
"""How the payload of an event ends, where that is not the quantity."""
_MANY, _ONE = "json_each(:ids)", "(SELECT :ids AS value)"
"""The refills of SQLite's statements."""


def clauses(state: RefillState, rows: str) -> str:
    """The clauses of a WITH of PostgreSQL that record moves; `rows` is a clause with all that they need."""
    return f"history AS ({_history(state, rows)}), event_rows AS ({_events(state, rows)})"


def record(
    connection: Connection, state: RefillState, refill_ids: Sequence[int], audit: Mapping[str, object]
) -> None:
    """Record moves with one statement on PostgreSQL, and with two on SQLite."""
    if connection.dialect.name == "postgresql":
        execute(connection, _on_postgresql(state), {**audit, "ids": list(refill_ids)})
        return
    one = len(refill_ids) == 1
    values = {**audit, "ids": refill_ids[0] if one else json.dumps(refill_ids)}
    for statement in _on_sqlite(state, _ONE if one else _MANY):
        execute(connection, statement, values)


def audit_of(before: RefillState | None, state: RefillState, why: str, now: datetime) -> dict[str, object]:
    """The parameters of moves from one state to another, or of new refills."""
    own = events.of_transaction(REFILL_KINDS[state], now)
    return {**own, "why": why, "payload": _payload(before, state, why)}


@lru_cache(256)
def _payload(before: RefillState | None, state: RefillState, why: str) -> str:
    """The payload of an event, up to the units."""
    return events.dump({"before": before, "after": state, "why": why, "quantity": 0}).removesuffix("0}")


@cache
def _on_sqlite(state: RefillState, ids: str) -> tuple[TextClause, TextClause]:
    history = _history(state, f"(SELECT value AS refill_id FROM {ids})")  # noqa: S608  # of constants
    return text(history), text(_events(state, _ON_SQLITE.format(ids=ids)))


@cache
def _on_postgresql(state: RefillState) -> TextClause:
    moved = f"WITH moved AS ({_ON_POSTGRESQL}), history AS ({_history(state, 'moved')})"
    return text(f"{moved} {_events(state, 'moved')}")


def _history(state: RefillState, rows: str) -> str:
    columns = f"SELECT refill_id, :at, '{state}', :why"
    return f"INSERT INTO refill_events (refill_id, at, state, detail) {columns} FROM {rows}"  # names


def _events(state: RefillState, rows: str) -> str:
    known = events.of_kind(REFILL_KINDS[state])
    values = {
        **{name: _literal(value) for name, value in known.items()},
        **{name: f":{name}" for name in _OWN},
        **{name: name for name in _SUBJECT},
        "payload": f"CAST(:payload AS TEXT) || {_UNITS.get(state, 'quantity')} || '}}'",
    }
    columns, found = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO events ({columns}) SELECT {found} FROM {rows}"  # noqa: S608  # of names and words


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper()
