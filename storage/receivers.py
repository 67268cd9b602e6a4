"""Receivers that are configured no longer: what they were not told is routed anew."""

from collections.abc import Collection

from sqlalchemy import Connection, Select, and_, delete, or_, select, text, union, update

from storage.alert_tables import events
from storage.pipeline_tables import alert_groups, digests, notification_events, notifications, routed_alerts

_e = events.c
_g = alert_groups.c
_n = notifications.c
_ne = notification_events.c
_r = routed_alerts.c
_OPEN = text("routed_alerts.group_key IS NOT NULL")
_PENDING = text("notifications.state = 'pending'")


def forget_others(connection: Connection, receivers: Collection[str]) -> None:
    """Remove what all other receivers wait for, and route it anew."""
    known = union(select(_g.receiver), select(_n.receiver).where(_PENDING))
    for receiver in sorted(set(connection.execute(known).scalars()).difference(receivers)):
        untold = _undelivered(receiver)
        lasts = select(_r.event_id).where(_r.receiver == receiver, _OPEN)
        anew = or_(
            and_(_e.event_id.in_(untold), _e.alert == "pending"),
            and_(_e.event_id.in_(lasts), _e.alert.in_(["pending", "sent", "failed"])),
        )
        connection.execute(update(events).where(anew).values(alert="pending", routed_at=None))
        gone = or_(_OPEN, _r.event_id.in_(untold))
        connection.execute(delete(routed_alerts).where(_r.receiver == receiver, gone))
        connection.execute(delete(notifications).where(_n.receiver == receiver, _PENDING))
        connection.execute(delete(alert_groups).where(_g.receiver == receiver))
        connection.execute(delete(digests).where(digests.c.receiver == receiver))


def _undelivered(receiver: str) -> Select[int]:
    """The events of messages to a receiver that wait for a channel."""
    of_it = _n.notification_id == _ne.notification_id
    return select(_ne.event_id).join(notifications, of_it).where(_n.receiver == receiver, _PENDING)
