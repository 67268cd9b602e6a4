"""The state of the alert of an event, which follows from its receivers, messages and deliveries."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, exists, or_, select, text, update

from storage.alert_tables import deliveries, events
from storage.chunks import chunks
from storage.engine import advisory_lock
from storage.pipeline_tables import notification_events, notifications, routed_alerts

_e = events.c
_d = deliveries.c
_n = notifications.c
_r = routed_alerts.c
_ne = notification_events.c
_other = deliveries.alias("other_delivery").c
_PENDING = text("deliveries.state = 'pending'")
_ALERT_PENDING = _e.alert == "pending"
_PURPOSE = "refilld alert states"
"""Lock of those who settle: two channels that take an alert at once would each see the other wait."""


def settle_notifications(connection: Connection, notification_ids: Sequence[int]) -> None:
    """Mark messages as sent or failed for which no channel waits any more, and settle their events."""
    advisory_lock(connection, _PURPOSE)
    of_it = _d.notification_id == _n.notification_id
    taken_there = exists().where(
        _other.notification_id == _d.notification_id, _other.channel == _d.channel, _other.state == "sent"
    )
    waits = exists().where(of_it, _PENDING, ~taken_there)
    sent = exists().where(of_it, _d.state == "sent")
    change = update(notifications).where(_n.notification_id.in_(notification_ids), _n.state == "pending")
    connection.execute(change.where(~waits, sent).values(state="sent"))
    connection.execute(change.where(~waits, ~sent, exists().where(of_it)).values(state="failed"))
    query = select(_ne.event_id).where(
        _ne.notification_id.in_(notification_ids),
        or_(
            _ne.is_shown,
            exists().where(_n.notification_id == _ne.notification_id, _n.state != "pending"),
        ),
    )
    settle(connection, list(connection.execute(query.distinct()).scalars()))


def settle(connection: Connection, event_ids: Sequence[int]) -> None:
    """Give alerts that nothing waits for any more their last state: sent, failed, or suppressed."""
    advisory_lock(connection, _PURPOSE)
    own = _d.event_id == _e.event_id
    told = and_(_ne.event_id == _e.event_id, _n.notification_id == _ne.notification_id)
    in_group = exists().where(
        _r.event_id == _e.event_id,
        _r.group_key.is_not(None),
        or_(_r.told_at.is_(None), _r.begun_by.is_not(None)),
    )
    planned = exists().where(_other.notification_id == _n.notification_id, _other.event_id == _e.event_id)
    waits = or_(
        in_group,
        exists().where(own, _PENDING),
        exists().where(told, _n.state == "pending", or_(~_ne.is_shown, ~planned)),
    )
    taken = or_(
        exists().where(own, _d.state == "sent"), exists().where(told, ~_ne.is_shown, _n.state == "sent")
    )
    lost = or_(
        exists().where(own, _d.state == "failed"), exists().where(told, ~_ne.is_shown, _n.state == "failed")
    )
    for ids in chunks(event_ids):
        change = update(events).where(_e.event_id.in_(ids), _ALERT_PENDING, ~waits)
        connection.execute(change.where(taken).values(alert="sent"))
        connection.execute(change.where(~taken, lost).values(alert="failed"))
        connection.execute(change.where(~taken, ~lost).values(alert="suppressed"))


def keep(connection: Connection, event_ids: Sequence[int]) -> None:
    """Mark alerts as kept, which no receiver has a channel for."""
    for ids in chunks(event_ids):
        connection.execute(update(events).where(_e.event_id.in_(ids), _ALERT_PENDING).values(alert="kept"))


def routed(connection: Connection, event_ids: Sequence[int], now: datetime) -> None:
    """Note that events were routed."""
    for ids in chunks(event_ids):
        connection.execute(update(events).where(_e.event_id.in_(ids)).values(routed_at=now))
