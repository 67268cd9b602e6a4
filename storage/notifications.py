"""Messages to receivers: which events each tells, and its deliveries to the channels of the receiver."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, insert, select, text, update

from monitor.alerts.reasons import AlertReason
from storage import alert_states
from storage import events as event_rows
from storage.alert_tables import deliveries, events
from storage.bulk import execute_many
from storage.chunks import chunks
from storage.engine import insert_into
from storage.events import EventRow
from storage.pipeline_tables import notification_events, notifications

_d = deliveries.c
_e = events.c
_n = notifications.c
_ne = notification_events.c
_PENDING = text("notifications.state = 'pending'")
_UNPLANNED = (
    select(_n.notification_id, _n.receiver)
    .where(_PENDING, ~exists().where(_d.notification_id == _n.notification_id))
    .order_by(_n.notification_id)
)
_EVENTS = insert(notification_events).values(
    {name: bindparam(name) for name in ("notification_id", "event_id", "is_shown")}
)


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A message to a receiver."""

    receiver: str
    group_key: str
    reason: AlertReason
    event_ids: Sequence[int]
    shown: int
    """How many of the events, from the first on, are told by a line of their own."""
    summary: str = ""


def create(connection: Connection, new: NewNotification, now: datetime) -> int:
    """Store a message; `plan` adds its deliveries. Returns its number."""
    values = {
        "receiver": new.receiver,
        "group_key": new.group_key,
        "reason": new.reason,
        "at": now,
        "alerts": len(new.event_ids),
        "shown": new.shown,
        "summary": new.summary,
        "state": "pending",
    }
    added = insert(notifications).values(values).returning(_n.notification_id)
    key = int(connection.execute(added).scalar_one())
    rows = [
        {"notification_id": key, "event_id": event_id, "is_shown": number < new.shown}
        for number, event_id in enumerate(new.event_ids)
    ]
    execute_many(connection, _EVENTS, rows)
    return key


def plan(connection: Connection, channels: Mapping[str, Collection[str]], now: datetime) -> None:
    """Add deliveries to messages without any; `channels` has those of each receiver.

    A message all of whose channels were removed before one of them took it is such a message, too.
    """
    for row in connection.execute(_UNPLANNED).all():
        keys = channels.get(row.receiver, ())
        if keys:
            _add_deliveries(connection, row.notification_id, keys, now)
        else:
            _keep(connection, row.notification_id)


def _add_deliveries(
    connection: Connection, notification_id: int, channels: Iterable[str], now: datetime
) -> None:
    query = select(_ne.event_id).where(_ne.notification_id == notification_id, _ne.is_shown)
    rows = [
        {
            "notification_id": notification_id,
            "event_id": event_id,
            "channel": channel,
            "state": "pending",
            "next_try_at": now,
        }
        for event_id in connection.execute(query.order_by(_ne.event_id)).scalars()
        for channel in sorted(channels)
    ]
    if rows:
        connection.execute(insert_into(connection, deliveries).on_conflict_do_nothing(), rows)
    else:  # its customers were forgotten
        _keep(connection, notification_id)


def _keep(connection: Connection, notification_id: int) -> None:
    """Keep a message that its receiver has no channel for."""
    change = update(notifications).where(_n.notification_id == notification_id)
    connection.execute(change.values(state="kept"))
    query = select(_ne.event_id).where(_ne.notification_id == notification_id)
    alert_states.keep(connection, list(connection.execute(query).scalars()))


def payloads(
    connection: Connection, event_ids: Sequence[int]
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Service and payload of each of these events."""
    for ids in chunks(event_ids):
        query = select(*event_rows.COLUMNS).where(_e.event_id.in_(ids)).order_by(_e.event_id)
        for row in connection.execute(query):
            event: EventRow = event_rows.event_row(row)
            yield event.subject.service, event.payload
