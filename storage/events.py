"""Events: each is stored in the transaction of its cause; whatever leaves the program is made of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, insert

from monitor.events.catalogue import CATALOGUE, VERSION, dedup_key, severity_of, status_of
from monitor.events.event import SUBJECT_FIELDS, Earlier, Event, Payload, Subject
from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.model.instants import rfc3339
from storage.actor import actor
from storage.alert_tables import events
from storage.column_types import AnyRow, microseconds

_e = events.c
COLUMNS = tuple(column for column in _e if column.name not in {"alert", "dispatched", "routed_at"})
"""The columns of an EventRow."""


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
    if found:
        connection.execute(insert(events), [_values(event, now, keep=False) for event in found])


def _values(event: Event, now: datetime, *, keep: bool) -> dict[str, object]:
    status = status_of(event.kind)
    own = f"{event.problem}{microseconds(now)}" if status is Status.OCCURRED else event.problem
    who = actor()
    return asdict(event.subject) | {
        "at": now,
        "kind": event.kind,
        "version": 0 if isinstance(event.payload, Earlier) else VERSION,
        "severity": severity_of(event.kind),
        "status": status,
        "dedup_key": dedup_key(event.kind, own),
        "payload": dump_payload(event.payload),
        "actor": who.name,
        "request_id": who.request_id,
        "alert": _alert(event, keep=keep),
        "dispatched": keep,
    }


def _alert(event: Event, *, keep: bool) -> str:
    if not CATALOGUE[event.kind].alert:
        return "none"
    return "kept" if keep else "pending"


def dump_payload(payload: Payload) -> str:
    """A payload as JSON."""
    return json.dumps(asdict(payload), default=_plain, ensure_ascii=False)  # type: ignore[call-overload]  # each is a dataclass


def _plain(value: object) -> str | float:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"a payload has a value of {type(value).__name__}")


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
