"""Deliveries: which channel has taken the alert of which event, and when a channel is tried again.

A channel is known by a digest of its URL. Each event that is an alert gets one delivery per channel; it is
sent when no delivery of it is pending and a channel has taken it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select, text, update

from monitor.alerts.retries import GIVE_UP_AFTER, LONGEST_LIMIT, alert_pause
from storage import events as event_rows
from storage.alert_tables import alert_channels, deliveries, events
from storage.engine import insert_into
from storage.events import EventRow

_c = alert_channels.c
_d = deliveries.c
_e = events.c
_PENDING = text("deliveries.state = 'pending'")
_ALERT_PENDING = text("events.alert = 'pending'")
_OF_ALERT = _d.event_id == _e.event_id
_DUE = (
    select(*event_rows.COLUMNS, _d.attempts)
    .join_from(deliveries, events, _OF_ALERT)
    .where(_PENDING, _d.channel == bindparam("channel"), _d.next_try_at <= bindparam("now"))
    .order_by(_d.next_try_at, _d.event_id)
    .limit(bindparam("limit"))
)
_UNPLANNED = (
    select(_e.event_id)
    .where(_ALERT_PENDING, ~exists().where(_OF_ALERT))
    .order_by(_e.event_id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """An alert that a channel is still to take."""

    event: EventRow
    attempts: int
    """How often the channel has refused it while it took others."""


def register(connection: Connection, channels: Collection[str], now: datetime) -> None:
    """Make these the channels that get alerts; pending deliveries to others are dropped."""
    known = set(connection.execute(select(_c.channel)).scalars())
    for channel in sorted(known.difference(channels)):
        dropped = delete(deliveries).where(_d.channel == channel, _PENDING).returning(_d.event_id)
        settle(connection, list(connection.execute(dropped).scalars()))
        connection.execute(delete(alert_channels).where(_c.channel == channel))
    for channel in sorted(set(channels) - known):
        row = insert_into(connection, alert_channels).values(channel=channel, next_try_at=now)
        connection.execute(row.on_conflict_do_nothing())


def plan(connection: Connection, now: datetime, limit: int) -> None:
    """Add deliveries to all channels for pending alerts without any; without channels they are kept.

    An alert whose only channels were removed before one of them took it is such an alert, too.
    """
    ids = list(connection.execute(_UNPLANNED, {"limit": limit}).scalars())
    channels = list(connection.execute(select(_c.channel)).scalars())
    if ids and not channels:
        event_rows.kept(connection, ids)
    rows = [
        {"event_id": event_id, "channel": channel, "state": "pending", "next_try_at": now}
        for event_id in ids
        for channel in channels
    ]
    if rows:
        connection.execute(insert_into(connection, deliveries).on_conflict_do_nothing(), rows)


def take_channel(connection: Connection, channel: str, now: datetime, until: datetime) -> int | None:
    """Reserve a channel until a time; returns its failures, the rounds in a row in which it took nothing.

    None if it rests, or another process sends to it. A time that is further ahead than any pause was set by
    a wrong clock, and is ignored.
    """
    free = or_(_c.next_try_at <= now, _c.next_try_at > now + LONGEST_LIMIT)
    change = update(alert_channels).where(_c.channel == channel, free).values(next_try_at=until)
    return connection.execute(change.returning(_c.failures)).scalar()


def keep_channel(connection: Connection, channel: str, until: datetime) -> None:
    """Reserve a channel for longer."""
    connection.execute(update(alert_channels).where(_c.channel == channel).values(next_try_at=until))


def release_channel(
    connection: Connection, channel: str, next_try_at: datetime, failures: int = 0, error: str | None = None
) -> None:
    """End the round of a channel."""
    values = {"next_try_at": next_try_at, "failures": failures, "last_error": error}
    connection.execute(update(alert_channels).where(_c.channel == channel).values(values))


def due(connection: Connection, channel: str, now: datetime, limit: int) -> list[DueDelivery]:
    """Deliveries to a channel that are due, those that have waited longest first."""
    rows = connection.execute(_DUE, {"channel": channel, "now": now, "limit": limit})
    return [DueDelivery(event_rows.event_row(row), row.attempts) for row in rows]


def sent(connection: Connection, channel: str, event_ids: Sequence[int], now: datetime) -> None:
    """Note that a channel has taken alerts."""
    change = update(deliveries).where(_of(channel, event_ids))
    connection.execute(change.values(state="sent", sent_at=now, next_try_at=None))
    settle(connection, event_ids)


def refused(connection: Connection, channel: str, row: DueDelivery, error: str, now: datetime) -> None:
    """Note that a channel refuses one alert while it takes others: it waits, or it is given up."""
    attempts = row.attempts + 1
    pause = alert_pause(attempts)
    values = {
        "attempts": attempts,
        "last_error": error,
        "state": "failed" if pause is None else "pending",
        "next_try_at": None if pause is None else now + pause,
    }
    connection.execute(update(deliveries).where(_of(channel, [row.event.event_id])).values(values))
    settle(connection, [row.event.event_id])


def put_last(
    connection: Connection, channel: str, event_ids: Sequence[int], error: str, now: datetime
) -> None:
    """Note that a channel took nothing, these least of all: other alerts are tried before them."""
    change = update(deliveries).where(_of(channel, event_ids))
    connection.execute(change.values(last_error=error, next_try_at=now))


def note_error(connection: Connection, channel: str, event_ids: Sequence[int], error: str) -> None:
    """Note the error with which a channel refused alerts."""
    connection.execute(update(deliveries).where(_of(channel, event_ids)).values(last_error=error))


def give_up_old(connection: Connection, channel: str, error: str, now: datetime) -> int:
    """Give up the alerts that a channel has refused for days; return their number."""
    old = select(_e.event_id).where(_ALERT_PENDING, _e.at < now - GIVE_UP_AFTER)
    change = (
        update(deliveries)
        .where(_PENDING, _d.channel == channel, _d.event_id.in_(old))
        .values(state="failed", next_try_at=None, last_error=error)
        .returning(_d.event_id)
    )
    ids = list(connection.execute(change).scalars())
    settle(connection, ids)
    return len(ids)


def settle(connection: Connection, event_ids: Sequence[int]) -> None:
    """Mark pending alerts as sent or failed of which no delivery is pending any more."""
    if not event_ids:
        return
    open_ = exists().where(_OF_ALERT, _PENDING)
    taken = exists().where(_OF_ALERT, _d.state == "sent")
    lost = exists().where(_OF_ALERT, _d.state == "failed")
    done = update(events).where(_e.event_id.in_(event_ids), _ALERT_PENDING, ~open_)
    connection.execute(done.where(taken).values(alert="sent"))
    connection.execute(done.where(~taken, lost).values(alert="failed"))


def _of(channel: str, event_ids: Sequence[int]) -> ColumnElement[bool]:
    return and_(_d.channel == channel, _d.event_id.in_(event_ids))
