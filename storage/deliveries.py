"""Deliveries: which channel has taken which event of which message, and when a channel is tried again.

A channel is known by a digest of its URL. Each event that a message tells by a line of its own has one
delivery per channel of the receiver.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, or_, select, text, tuple_, update

from monitor.alerts.reasons import AlertReason
from monitor.alerts.retries import GIVE_UP_AFTER, LONGEST_LIMIT, alert_pause
from monitor.events.catalogue import PASSING_QUIET_HOURS
from storage import alert_states
from storage import events as event_rows
from storage.alert_tables import alert_channels, deliveries, events
from storage.engine import insert_into
from storage.events import EventRow
from storage.pipeline_tables import notifications

_c = alert_channels.c
_d = deliveries.c
_e = events.c
_n = notifications.c
_PENDING = text("deliveries.state = 'pending'")
_DUE = (
    select(
        *event_rows.COLUMNS,
        *(_d.attempts, _d.notification_id, _n.receiver, _n.reason, _n.alerts, _n.shown, _n.summary),
    )
    .join_from(deliveries, events, _d.event_id == _e.event_id)
    .join(notifications, _n.notification_id == _d.notification_id)
    .where(_PENDING, _d.channel == bindparam("channel"), _d.next_try_at <= bindparam("now"))
    .order_by(_d.next_try_at, _d.notification_id, _d.event_id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message of which something is due."""

    notification_id: int
    receiver: str
    reason: AlertReason
    alerts: int
    """Events that it tells."""
    shown: int
    """Those of them that have a line of their own."""
    summary: str
    """The first line; empty without one."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """An alert that a channel is still to take."""

    event: EventRow
    attempts: int
    """How often the channel has refused it while it took others."""
    message: DueMessage


@dataclass(frozen=True, slots=True)
class FailingChannel:
    """A channel that takes nothing."""

    failures: int
    """Rounds in a row in which it took nothing."""
    error: str
    """Of the last one; names the channel."""
    next_try_at: datetime


def register(connection: Connection, channels: Collection[str], now: datetime) -> None:
    """Make these the channels that get alerts; pending deliveries to others are dropped."""
    known = set(connection.execute(select(_c.channel)).scalars())
    for channel in sorted(known.difference(channels)):
        dropped = delete(deliveries).where(_d.channel == channel, _PENDING).returning(_d.notification_id)
        alert_states.settle_notifications(connection, sorted(set(connection.execute(dropped).scalars())))
        connection.execute(delete(alert_channels).where(_c.channel == channel))
    for channel in sorted(set(channels) - known):
        row = insert_into(connection, alert_channels).values(channel=channel, next_try_at=now)
        connection.execute(row.on_conflict_do_nothing())


def take_channel(connection: Connection, channel: str, now: datetime, until: datetime) -> int | None:
    """Reserve a channel until a time; returns its failures, the rounds in a row in which it took nothing.

    None if it rests, or another process sends to it. A time that is further ahead than any pause was set by
    a wrong clock, and is ignored.
    """
    free = or_(_c.next_try_at <= now, _c.next_try_at > now + LONGEST_LIMIT)
    change = update(alert_channels).where(_c.channel == channel, free).values(next_try_at=until)
    return connection.execute(change.returning(_c.failures)).scalar()


def failing(connection: Connection) -> list[FailingChannel]:
    """The channels that took nothing when they were tried last."""
    query = select(_c.failures, _c.last_error, _c.next_try_at).where(_c.failures > 0).order_by(_c.last_error)
    return [
        FailingChannel(row.failures, row.last_error or "", row.next_try_at)
        for row in connection.execute(query)
    ]


def keep_channel(connection: Connection, channel: str, until: datetime) -> None:
    """Reserve a channel for longer."""
    connection.execute(update(alert_channels).where(_c.channel == channel).values(next_try_at=until))


def release_channel(
    connection: Connection, channel: str, next_try_at: datetime, failures: int = 0, error: str | None = None
) -> None:
    """End the round of a channel."""
    values = {"next_try_at": next_try_at, "failures": failures, "last_error": error}
    connection.execute(update(alert_channels).where(_c.channel == channel).values(values))


def due(
    connection: Connection, channel: str, now: datetime, limit: int, quiet: Collection[str] = ()
) -> list[DueDelivery]:
    """Deliveries to a channel that are due, those that have waited longest first.

    A message of which only a part would be among them is left out, unless it is the only one. The `quiet`
    receivers have quiet hours: of theirs, only what passes these is due.
    """
    query = _DUE
    if quiet:
        query = query.where(or_(_n.receiver.not_in(quiet), _e.kind.in_(PASSING_QUIET_HOURS)))
    rows = connection.execute(query, {"channel": channel, "now": now, "limit": limit}).all()
    if len(rows) == limit:
        cut = rows[-1].notification_id
        rows = [row for row in rows if row.notification_id != cut] or rows
    return [
        DueDelivery(
            event_rows.event_row(row),
            row.attempts,
            DueMessage(row.notification_id, row.receiver, row.reason, row.alerts, row.shown, row.summary),
        )
        for row in rows
    ]


def sent(connection: Connection, channel: str, rows: Sequence[DueDelivery], now: datetime) -> None:
    """Note that a channel has taken alerts."""
    change = update(deliveries).where(_of(channel, rows))
    connection.execute(change.values(state="sent", sent_at=now, next_try_at=None))
    _settle(connection, rows)


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
    connection.execute(update(deliveries).where(_of(channel, [row])).values(values))
    _settle(connection, [row])


def put_last(
    connection: Connection, channel: str, rows: Sequence[DueDelivery], error: str, now: datetime
) -> None:
    """Note that a channel took nothing, these least of all: other alerts are tried before them."""
    change = update(deliveries).where(_of(channel, rows))
    connection.execute(change.values(last_error=error, next_try_at=now))


def note_error(connection: Connection, channel: str, rows: Sequence[DueDelivery], error: str) -> None:
    """Note the error with which a channel refused alerts."""
    connection.execute(update(deliveries).where(_of(channel, rows)).values(last_error=error))


def give_up_old(connection: Connection, channel: str, error: str, now: datetime) -> int:
    """Give up the alerts of messages that a channel has refused for days; return their number."""
    pending = text("notifications.state = 'pending'")
    old = select(_n.notification_id).where(pending, _n.at < now - GIVE_UP_AFTER)
    change = (
        update(deliveries)
        .where(_PENDING, _d.channel == channel, _d.notification_id.in_(old))
        .values(state="failed", next_try_at=None, last_error=error)
        .returning(_d.notification_id)
    )
    ids = list(connection.execute(change).scalars())
    alert_states.settle_notifications(connection, sorted(set(ids)))
    return len(ids)


def _settle(connection: Connection, rows: Sequence[DueDelivery]) -> None:
    alert_states.settle_notifications(connection, sorted({row.message.notification_id for row in rows}))


def _of(channel: str, rows: Sequence[DueDelivery]) -> ColumnElement[bool]:
    keys = [(row.message.notification_id, row.event.event_id) for row in rows]
    return and_(_d.channel == channel, tuple_(_d.notification_id, _d.event_id).in_(keys))
