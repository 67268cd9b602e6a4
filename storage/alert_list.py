"""The list of alerts: events that are alerts, with the state of their delivery."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from storage import events as event_rows
from storage.alert_tables import alert_channels, deliveries, events
from storage.events import EventRow
from storage.pipeline_tables import notification_events

_c = alert_channels.c
_d = deliveries.c
_e = events.c
_ne = notification_events.c
_PENDING = _d.state == "pending"


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert with the state of its delivery."""

    event: EventRow
    state: str
    """pending, sent, failed, kept (there was no channel, or shadow mode was on), or suppressed."""
    attempts: int
    """How often a channel has refused it, or could not be reached while it waits."""
    next_try_at: datetime | None
    """Set while a channel is still to take it."""
    sent_at: datetime | None
    """When the last channel took it that did; None if a message told it only as a number."""
    last_error: str | None


def listed(
    connection: Connection,
    *,
    limit: int,
    about_drops: bool | None = None,
    since: datetime | None = None,
    message: int | None = None,
) -> list[AlertRow]:
    """Alerts, newest first; only those about drops, or only others; `since` leaves out older ones.

    `message` is the number of a message to a receiver, which tells the alerts.
    """
    query = select(*event_rows.COLUMNS, _e.alert).where(_e.alert != "none")
    if about_drops is not None:
        drops = _e.kind.cast(events.c.payload.type).like("drop.%")
        query = query.where(drops if about_drops else ~drops)
    if message is not None:
        query = query.where(_e.event_id.in_(select(_ne.event_id).where(_ne.notification_id == message)))
    if since is not None:
        query = query.where(_e.at >= since)
    rows = connection.execute(query.order_by(_e.event_id.desc()).limit(limit)).all()
    delivered = _deliveries(connection, [row.event_id for row in rows])
    return [
        AlertRow(event_rows.event_row(row), row.alert, *delivered.get(row.event_id, (0, None, None, None)))
        for row in rows
    ]


def _deliveries(
    connection: Connection, event_ids: list[int]
) -> dict[int, tuple[int, datetime | None, datetime | None, str | None]]:
    """Attempts, next attempt, last success and last error of the deliveries of each event."""
    later = case((_c.next_try_at > _d.next_try_at, _c.next_try_at), else_=_d.next_try_at)
    query = (
        select(
            _d.event_id,
            func.max(_d.attempts + case((_PENDING, func.coalesce(_c.failures, 0)), else_=0)),
            func.min(later),
            func.max(_d.sent_at),
            func.max(_d.last_error),
        )
        .join(alert_channels, and_(_c.channel == _d.channel), isouter=True)
        .where(_d.event_id.in_(event_ids))
        .group_by(_d.event_id)
    )
    return {row[0]: tuple(row[1:]) for row in connection.execute(query)}
