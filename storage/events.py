"""Events: each is stored in the transaction of its cause; whatever leaves the program is made of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, insert

from monitor.events.catalogue import CATALOGUE, VERSION, dedup_key, severity_of, status_of
from monitor.events.event import SUBJECT_FIELDS, Earlier, Event, Payload, Subject
from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.model.instants import rfc3339
from storage.actor import actor
from storage.alert_tables import events
from storage.bulk import execute_many
from storage.column_types import AnyRow, microseconds

_e = events.c
COLUMNS = tuple(column for column in _e if column.name not in {"alert", "dispatched", "routed_at"})
"""The columns of an EventRow."""
INSERTED = tuple(column.name for column in _e if column.name not in {"event_id", "routed_at"})
"""The columns of a new event."""
INSERT = insert(events).values({name: bindparam(name) for name in INSERTED})


@dataclass(frozen=True, slots=True)
class EventRow:
    """One stored event."""

    event_id: int
    at: datetime
    kind: EventKind
    version: int
    """Of the payload; 0 for a text of an earlier release."""
    severity: Severity
    status: Status
    dedup_key: str
    """Shared by a problem and its end; every other event has its own."""
    subject: Subject
    payload: Mapping[str, Any]
    """The fields of the payload, as stored."""
    actor: str = ""
    """Who caused it, such as `cli root`; empty for an event of an earlier release."""
    request_id: str | None = None


def add(
    connection: Connection, event: Event, now: datetime, *, keep: bool = False, routed: bool = False
) -> int:
    """Store an event, and return its number.

    With `keep` it is listed among the alerts, but sent to no channel and no webhook. With `routed` its
    receiver is known already.
    """
    row = _values(event, now, keep=keep) | {"routed_at": now if routed else None}
    return int(connection.execute(insert(events).values(row).returning(_e.event_id)).scalar_one())


def add_test(connection: Connection, event: Event, now: datetime) -> int:
    """Store an event that is sent to no subscriber; returns its id."""
    row = _values(event, now, keep=False) | {"dispatched": True}
    event_id: int = connection.execute(insert(events).returning(_e.event_id), row).scalar_one()
    return event_id


def add_all(connection: Connection, found: Sequence[Event], now: datetime) -> None:
    """Store several events."""
    execute_many(connection, INSERT, [stored(event, now) for event in found])


def stored(event: Event, now: datetime) -> dict[str, object]:
    """The values of INSERTED for an event, as the database stores them."""
    return _values(event, now, keep=False) | {"at": microseconds(now)}


def _values(event: Event, now: datetime, *, keep: bool) -> dict[str, object]:
    subject = event.subject
    values = common(event.kind, now, event.problem)
    values |= {name: getattr(subject, name) for name in SUBJECT_FIELDS}
    values |= {
        "at": now,
        "version": 0 if isinstance(event.payload, Earlier) else VERSION,
        "metric": None if subject.metric is None else str(subject.metric),
        "payload": dump_payload(event.payload),
        "dispatched": keep,
    }
    if keep and values["alert"] == "pending":
        values["alert"] = "kept"
    return values


def common(kind: EventKind, now: datetime, problem: str = "") -> dict[str, object]:
    """The stored values that events of one kind and one transaction have in common."""
    return {**of_kind(kind), "source": None, **of_transaction(kind, now, problem)}


def of_transaction(kind: EventKind, now: datetime, problem: str = "") -> dict[str, object]:
    """The stored values of an event that differ between the transactions of one kind."""
    at, who = microseconds(now), actor()
    own = f"{problem}{at}" if of_kind(kind)["status"] == Status.OCCURRED else problem
    return {"at": at, "dedup_key": dedup_key(kind, own), "actor": who.name, "request_id": who.request_id}


@cache
def of_kind(kind: EventKind) -> Mapping[str, str | int]:
    """The stored values that all events of one kind have in common."""
    return {
        "kind": str(kind),
        "severity": str(severity_of(kind)),
        "status": str(status_of(kind)),
        "alert": "pending" if CATALOGUE[kind].alert else "none",
        "version": VERSION,
        "dispatched": False,
    }


def dump_payload(payload: Payload) -> str:
    """A payload as JSON."""
    return dump(_fields(payload))


def dump(payload: Mapping[str, object]) -> str:
    """The fields of a payload as JSON."""
    return _JSON.encode(payload)


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: object) -> str | float | dict[str, Any]:
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"a payload has a value of {type(value).__name__}")


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False)


def event_row(row: AnyRow) -> EventRow:
    """The event of a row that has COLUMNS."""
    subject = Subject(*(getattr(row, name) for name in SUBJECT_FIELDS))
    return EventRow(
        row.event_id,
        row.at,
        row.kind,
        row.version,
        row.severity,
        row.status,
        row.dedup_key,
        subject,
        json.loads(row.payload),
        row.actor,
        row.request_id,
    )
