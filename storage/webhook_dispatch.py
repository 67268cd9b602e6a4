"""Which events are still to be taken up for webhooks, and which a replay sends again.

Events are marked one by one, and not counted up to an id: on PostgreSQL a lower id may be committed later.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, exists, select, text, update

from monitor.events.event import Subject
from monitor.events.kind import EventKind
from storage.alert_tables import events
from storage.column_types import AnyRow, AnySelect
from storage.webhook_tables import webhook_deliveries

_e = events.c
_d = webhook_deliveries.c
_UNDISPATCHED = text("NOT events.dispatched")
_FIELDS = (_e.event_id, _e.kind, _e.version, _e.metric, _e.service, _e.provider)


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What decides whether an endpoint gets an event."""

    event_id: int
    kind: EventKind
    subject: Subject
    complete: bool
    """Whether it has the fields of its kind; not if it was forgotten or is of an earlier release."""


def anything_new(connection: Connection) -> bool:
    """Whether an event was not taken up yet."""
    return connection.execute(select(_e.event_id).where(_UNDISPATCHED).limit(1)).first() is not None


def take_new(connection: Connection, limit: int) -> list[EventFacts]:
    """Take up the oldest new events, and mark them; those that another process takes up are skipped."""
    query = select(*_FIELDS).where(_UNDISPATCHED).order_by(_e.event_id).limit(limit)
    found = _facts(connection, query.with_for_update(skip_locked=True))
    ids = [one.event_id for one in found]
    connection.execute(update(events).where(_e.event_id.in_(ids)).values(dispatched=True))
    return found


def since(
    connection: Connection, endpoint_id: int, at: datetime, *, undelivered: bool, after: int, limit: int
) -> list[EventFacts]:
    """Events since a time, in the order of their ids; only those that an endpoint has not accepted."""
    query = select(*_FIELDS).where(_e.at >= at, _e.event_id > after)
    if undelivered:
        done = and_(_d.event_id == _e.event_id, _d.endpoint_id == endpoint_id, _d.state == "delivered")
        query = query.where(~exists().where(done))
    return _facts(connection, query.order_by(_e.event_id).limit(limit))


def _facts(connection: Connection, query: AnySelect) -> list[EventFacts]:
    return [_fact(row) for row in connection.execute(query)]


def _fact(row: AnyRow) -> EventFacts:
    subject = Subject(metric=row.metric, service=row.service, provider=row.provider)
    return EventFacts(row.event_id, row.kind, subject, row.version > 0)
