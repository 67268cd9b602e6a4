"""Groups of alerts: which have their turn, with what in them, and what follows from it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, text, update

from monitor.alerts.group_turn import Turn
from monitor.alerts.inhibition import Problem
from monitor.alerts.matchers import LABELS
from monitor.alerts.reasons import AlertReason
from monitor.alerts.suppression import GroupAlert
from monitor.events.severity import Status
from storage import alert_states
from storage.alert_tables import deliveries, events
from storage.chunks import chunks
from storage.pipeline_tables import IS_INHIBITING, alert_groups, notifications, problems, routed_alerts
from storage.routed_alerts import labels_of_row

_begun = events.alias("begun")
_b = _begun.c
_d = deliveries.c
_g = alert_groups.c
_p = problems.c
_r = routed_alerts.c
_LABELS = tuple(_b[name] for name in LABELS)
_DUE = (
    select(_g.receiver, _g.group_key, _g.next_at)
    .where(text("alert_groups.next_at IS NOT NULL"), _g.next_at <= bindparam("now"))
    .order_by(_g.next_at)
    .limit(bindparam("limit"))
)
_ALERTS = (
    select(
        _r.event_id, _r.dedup_key, _r.told_at, _r.begun_by, _r.reason, _b.status, _p.acknowledged_at, *_LABELS
    )
    .join_from(routed_alerts, _begun, _b.event_id == func.coalesce(_r.begun_by, _r.event_id))
    .join(problems, _p.dedup_key == _r.dedup_key, isouter=True)
    .where(
        text("routed_alerts.group_key IS NOT NULL"),
        _r.receiver == bindparam("receiver"),
        _r.group_key == bindparam("group_key"),
    )
    .order_by(_r.event_id)
)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group that has its turn."""

    receiver: str
    group_key: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class GroupState:
    """The alerts of a group, each with the reason that was noted last."""

    alerts: Sequence[GroupAlert]
    reasons: Mapping[int, AlertReason]
    """By event."""


def due(connection: Connection, now: datetime, limit: int) -> list[GroupRow]:
    """The groups that have their turn, those that wait longest first."""
    return [GroupRow(*row) for row in connection.execute(_DUE, {"now": now, "limit": limit})]


def end_quiet_hours(connection: Connection, receivers: Collection[str], now: datetime) -> None:
    """Give what waits for the end of quiet hours its turn now; the configuration may have had others."""
    waits = exists().where(
        text("routed_alerts.group_key IS NOT NULL"),
        _r.receiver == _g.receiver,
        _r.group_key == _g.group_key,
        _r.reason == AlertReason.QUIET_HOURS,
    )
    change = update(alert_groups).where(text("alert_groups.next_at IS NOT NULL"), _g.next_at > now)
    connection.execute(change.where(_g.receiver.in_(sorted(receivers)), waits).values(next_at=now))


def load(connection: Connection, group: GroupRow) -> GroupState:
    """The alerts of a group."""
    names = {"receiver": group.receiver, "group_key": group.group_key}
    rows = connection.execute(_ALERTS, names).all()
    told = [row.event_id for row in rows if row.told_at is not None]
    waiting = _undelivered(connection, group.receiver, told)
    alerts = [
        GroupAlert(
            row.event_id,
            row.dedup_key,
            labels_of_row(row),
            row.status is Status.FIRING,
            row.told_at,
            row.begun_by is not None,
            row.acknowledged_at is not None,
            row.event_id in waiting,
        )
        for row in rows
    ]
    return GroupState(alerts, {row.event_id: row.reason for row in rows})


def inhibiting(connection: Connection) -> tuple[Problem, ...]:
    """The problems that last and keep others back."""
    query = (
        select(_p.dedup_key, *_LABELS)
        .join_from(problems, _begun, _b.event_id == _p.event_id)
        .where(text(f"problems.{IS_INHIBITING}"))
    )
    return tuple(Problem(row.dedup_key, labels_of_row(row)) for row in connection.execute(query))


def save_turn(connection: Connection, group: GroupRow, before: GroupState, turn: Turn, now: datetime) -> None:
    """Save what follows from the turn of a group, except its messages."""
    told: dict[str, object] = {"reason": turn.told_reason, "detail": "", "told_at": turn.tick}
    ended = told | {"reason": turn.ended_reason, "group_key": None}
    once = [alert.event_id for alert in turn.told if not alert.lasts]
    lasting = [alert.event_id for alert in turn.told if alert.lasts]
    _note(connection, group.receiver, once, now, **told, group_key=None)
    _note(connection, group.receiver, lasting, now, **told)
    _note(connection, group.receiver, [alert.event_id for alert in turn.ended], now, **ended)
    _save_not_told(connection, group.receiver, before, turn, now)
    here = and_(_g.receiver == group.receiver, _g.group_key == group.group_key)
    if turn.over:
        connection.execute(delete(alert_groups).where(here))
    else:
        change = update(alert_groups).where(here)
        connection.execute(change.values(tick_at=turn.tick, next_at=turn.next_at))


def _save_not_told(
    connection: Connection, receiver: str, before: GroupState, turn: Turn, now: datetime
) -> None:
    held: defaultdict[tuple[AlertReason, str], list[int]] = defaultdict(list)
    gone: defaultdict[tuple[AlertReason, str], list[int]] = defaultdict(list)
    for one in turn.not_told:
        if one.closed:
            gone[one.reason, one.detail].append(one.alert.event_id)
        elif before.reasons[one.alert.event_id] is not one.reason:
            held[one.reason, one.detail].append(one.alert.event_id)
    for (reason, detail), ids in held.items():
        _note(connection, receiver, ids, now, reason=reason, detail=detail)
    for (reason, detail), ids in gone.items():
        _note(connection, receiver, ids, now, reason=reason, detail=detail, group_key=None)
    alert_states.settle(connection, [event_id for ids in gone.values() for event_id in ids])


def _note(
    connection: Connection, receiver: str, event_ids: Sequence[int], now: datetime, **values: object
) -> None:
    for ids in chunks(event_ids):
        change = update(routed_alerts).where(_r.receiver == receiver, _r.event_id.in_(ids))
        connection.execute(change.values(decided_at=now, **values))


def _undelivered(connection: Connection, receiver: str, event_ids: Iterable[int]) -> set[int]:
    """Those of these events that a channel of the receiver is still to take."""
    found: set[int] = set()
    for ids in chunks(list(event_ids)):
        query = (
            select(_d.event_id)
            .join(notifications, notifications.c.notification_id == _d.notification_id)
            .where(
                _d.event_id.in_(ids),
                text("deliveries.state = 'pending'"),
                notifications.c.receiver == receiver,
            )
        )
        found.update(connection.execute(query).scalars())
    return found
