"""Deliveries about problems that have ended before a channel took them: they are not true any more."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select, update

from monitor.alerts.reasons import AlertReason
from monitor.events.severity import Status
from storage import alert_states
from storage.alert_tables import deliveries
from storage.chunks import chunks
from storage.deliveries import DueDelivery
from storage.pipeline_tables import notification_events, notifications, problems, routed_alerts

_d = deliveries.c
_n = notifications.c
_ne = notification_events.c
_p = problems.c
_r = routed_alerts.c


def withdraw(connection: Connection, channel: str, rows: Sequence[DueDelivery]) -> list[DueDelivery]:
    """The deliveries without the beginnings of ended problems; those are removed, for this channel.

    The end goes with its beginning if the channel knows nothing of the problem. What no channel of the
    receiver was told is `never_told`. A message that tells alerts only as a number is left as it is.
    """
    begun = [row for row in rows if row.event.status is Status.FIRING and _has_all_lines(row)]
    lasting = _lasting(connection, [row.event.dedup_key for row in begun])
    ended = [row for row in begun if row.event.dedup_key not in lasting and _has_ended(connection, row)]
    if not ended:
        return list(rows)
    unknown = {_problem(row) for row in ended if not _was_told(connection, channel, row)}
    gone = ended + [row for row in rows if row.event.status is Status.RESOLVED and _problem(row) in unknown]
    for row in gone:
        _remove(connection, channel, row, never_told=_problem(row) in unknown)
    _settle(connection, gone)
    return [row for row in rows if row not in gone]


def _has_all_lines(row: DueDelivery) -> bool:
    return row.message.alerts == row.message.shown


def _problem(row: DueDelivery) -> tuple[str, str]:
    return row.message.receiver, row.event.dedup_key


def _lasting(connection: Connection, keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in chunks(sorted(set(keys))):
        found.update(connection.execute(select(_p.dedup_key).where(_p.dedup_key.in_(some))).scalars())
    return found


def _has_ended(connection: Connection, row: DueDelivery) -> bool:
    """Whether the end of a problem was routed; asked only for problems that do not last."""
    event, receiver = row.event, row.message.receiver
    end = and_(_r.event_id > event.event_id, _r.receiver == receiver, _r.dedup_key == event.dedup_key)
    query = select(_r.event_id).where(end, _r.begun_by.is_not(None)).limit(1)
    return connection.execute(query).first() is not None


def _was_told(connection: Connection, channel: str, row: DueDelivery) -> bool:
    """Whether a channel has taken an earlier message about a problem."""
    sent = and_(_d.event_id == row.event.event_id, _d.channel == channel, _d.state == "sent")
    return connection.execute(select(_d.event_id).where(sent).limit(1)).first() is not None


def _remove(connection: Connection, channel: str, row: DueDelivery, *, never_told: bool) -> None:
    """Remove the delivery of an event, and the event from its message if no channel took it or is to."""
    message, event_id = row.message, row.event.event_id
    connection.execute(delete(deliveries).where(_of(row), _d.channel == channel))
    if connection.execute(select(_d.event_id).where(_of(row)).limit(1)).first() is not None:
        return
    told = and_(_ne.notification_id == message.notification_id, _ne.event_id == event_id)
    connection.execute(delete(notification_events).where(told))
    here = _n.notification_id == message.notification_id
    connection.execute(update(notifications).where(here).values(alerts=_n.alerts - 1, shown=_n.shown - 1))
    connection.execute(delete(notifications).where(here, _n.alerts == 0))
    if never_told:
        _note_never_told(connection, row)


def _note_never_told(connection: Connection, row: DueDelivery) -> None:
    """Let `alerts explain` say so; an end that is still in its group is not told either."""
    here = _r.receiver == row.message.receiver
    own = update(routed_alerts).where(here, _r.event_id == row.event.event_id)
    connection.execute(own.values(reason=AlertReason.NEVER_TOLD, told_at=None))
    waiting = update(routed_alerts).where(
        here, _r.dedup_key == row.event.dedup_key, _r.group_key.is_not(None), _r.begun_by.is_not(None)
    )
    connection.execute(waiting.values(told_at=None))


def _settle(connection: Connection, gone: Sequence[DueDelivery]) -> None:
    remaining = exists().where(_ne.notification_id == _n.notification_id)
    numbers = sorted({row.message.notification_id for row in gone})
    query = select(_n.notification_id).where(_n.notification_id.in_(numbers), remaining)
    alert_states.settle_notifications(connection, list(connection.execute(query).scalars()))
    alert_states.settle(connection, sorted({row.event.event_id for row in gone}))


def _of(row: DueDelivery) -> ColumnElement[bool]:
    return and_(_d.notification_id == row.message.notification_id, _d.event_id == row.event.event_id)
