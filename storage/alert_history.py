"""The way of one alert: its receivers, what each was told, and what keeps it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from monitor.alerts.reasons import AlertReason
from storage import events as event_rows
from storage.alert_tables import events
from storage.errors import NotFoundError
from storage.events import EventRow
from storage.pipeline_tables import alert_groups, notification_events, notifications, problems, routed_alerts

_e = events.c
_g = alert_groups.c
_n = notifications.c
_ne = notification_events.c
_p = problems.c
_r = routed_alerts.c


@dataclass(frozen=True, slots=True)
class ReceiverRow:
    """An alert at one receiver."""

    receiver: str
    reason: AlertReason
    detail: str
    decided_at: datetime
    group_key: str | None
    """None once it has left its group."""
    next_at: datetime | None
    """The next turn of the group."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that tells an alert."""

    notification_id: int
    receiver: str
    reason: AlertReason
    at: datetime
    alerts: int
    is_shown: bool
    """Whether the alert has a line of its own."""
    state: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An operator knows of a problem."""

    at: datetime
    author: str


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """All that is known about one alert."""

    event: EventRow
    state: str
    receivers: Sequence[ReceiverRow]
    messages: Sequence[MessageRow]
    acknowledgement: Acknowledgement | None


def history(connection: Connection, event_id: int) -> AlertHistory:
    """The way of one alert; raises NotFoundError."""
    query = select(*event_rows.COLUMNS, _e.alert).where(_e.event_id == event_id, _e.alert != "none")
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no alert {event_id}")
    event = event_rows.event_row(row)
    return AlertHistory(
        event,
        row.alert,
        _receivers(connection, event_id),
        _messages(connection, event_id),
        _acknowledged(connection, event),
    )


def _receivers(connection: Connection, event_id: int) -> list[ReceiverRow]:
    query = (
        select(_r.receiver, _r.reason, _r.detail, _r.decided_at, _r.group_key, _g.next_at)
        .join(alert_groups, and_(_g.receiver == _r.receiver, _g.group_key == _r.group_key), isouter=True)
        .where(_r.event_id == event_id)
        .order_by(_r.receiver)
    )
    return [ReceiverRow(*row) for row in connection.execute(query)]


def _messages(connection: Connection, event_id: int) -> list[MessageRow]:
    columns = (_n.notification_id, _n.receiver, _n.reason, _n.at, _n.alerts, _ne.is_shown, _n.state)
    query = (
        select(*columns)
        .join(notification_events, _ne.notification_id == _n.notification_id)
        .where(_ne.event_id == event_id)
        .order_by(_n.notification_id)
    )
    return [MessageRow(*row) for row in connection.execute(query)]


def _acknowledged(connection: Connection, event: EventRow) -> Acknowledgement | None:
    query = select(_p.acknowledged_at, _p.acknowledged_by).where(
        _p.dedup_key == event.dedup_key, _p.acknowledged_at.is_not(None)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Acknowledgement(*row)
