"""Receivers that are configured no longer: what they were not told is routed anew."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, select, text, update

from storage.alert_tables import events
from storage.pipeline_tables import alert_groups, digests, routed_alerts

_e = events.c
_g = alert_groups.c
_r = routed_alerts.c
_OPEN = text("routed_alerts.group_key IS NOT NULL")


def forget_others(connection: Connection, receivers: Collection[str]) -> None:
    """Take the open alerts of all other receivers out of their groups, and route them anew."""
    gone = set(connection.execute(select(_g.receiver).distinct()).scalars()).difference(receivers)
    for receiver in sorted(gone):
        here = (_r.receiver == receiver, _OPEN)
        query = select(_r.event_id).where(*here)
        anew = update(events).where(_e.event_id.in_(query), _e.alert.in_(["pending", "sent", "failed"]))
        connection.execute(anew.values(alert="pending", routed_at=None))
        connection.execute(delete(routed_alerts).where(*here))
        connection.execute(delete(alert_groups).where(_g.receiver == receiver))
        connection.execute(delete(digests).where(digests.c.receiver == receiver))
