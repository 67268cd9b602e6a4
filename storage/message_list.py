"""The messages that receivers got last, and what became of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from monitor.alerts.reasons import AlertReason
from storage.alert_tables import deliveries
from storage.pipeline_tables import notifications

_d = deliveries.c
_n = notifications.c


@dataclass(frozen=True, slots=True)
class ReceiverMessage:
    """One message to a receiver."""

    notification_id: int
    receiver: str
    reason: AlertReason
    at: datetime
    alerts: int
    state: str
    """pending, sent, failed, or kept (the receiver had no channel)."""
    last_error: str | None
    """Of a channel that has not taken it."""


def newest(connection: Connection, limit: int) -> list[ReceiverMessage]:
    """The newest messages, newest first."""
    error = (
        select(func.max(_d.last_error))
        .where(_d.notification_id == _n.notification_id, _d.state != "sent")
        .scalar_subquery()
    )
    columns = (_n.notification_id, _n.receiver, _n.reason, _n.at, _n.alerts, _n.state, error)
    query = select(*columns).order_by(_n.notification_id.desc()).limit(limit)
    return [ReceiverMessage(*row) for row in connection.execute(query)]
