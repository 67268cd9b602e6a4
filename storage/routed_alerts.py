"""Routed alerts: each event and each of its receivers, its group, and why it was told or not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, text, tuple_, update

from monitor.alerts.grouping import GroupTimes
from monitor.alerts.labels import labels_of
from monitor.alerts.matchers import LABELS
from monitor.alerts.routing import NewEvent, RoutedAlert, Routing
from monitor.events.event import SUBJECT_FIELDS, Subject
from monitor.events.severity import Status
from storage import alert_states
from storage.alert_tables import events
from storage.bulk import execute_many
from storage.chunks import chunks
from storage.column_types import AnyRow, microseconds
from storage.engine import insert_into
from storage.pipeline_tables import alert_groups, problems, routed_alerts

_e = events.c
_g = alert_groups.c
_p = problems.c
_r = routed_alerts.c
_UNROUTED = (
    select(_e.event_id, _e.at, _e.status, _e.dedup_key, *(_e[name] for name in LABELS))
    .where(text("events.alert = 'pending' AND events.routed_at IS NULL"))
    .order_by(_e.event_id)
    .limit(bindparam("limit"))
)
_OPEN = text("routed_alerts.group_key IS NOT NULL")


def labels_of_row(row: AnyRow) -> dict[str, str]:
    """The labels of an event, of a row that has a column for each of LABELS."""
    return labels_of(row.kind, row.severity, Subject(*(getattr(row, name) for name in SUBJECT_FIELDS)))


def unrouted(connection: Connection, limit: int) -> list[NewEvent]:
    """The alerts that are not routed yet, oldest first."""
    return [
        NewEvent(row.event_id, row.at, row.status, _key_of(row), labels_of_row(row))
        for row in connection.execute(_UNROUTED, {"limit": limit})
    ]


def _key_of(row: AnyRow) -> str:
    """What an event has in common with its end; what has no end has a key of its own."""
    return str(row.event_id) if row.status is Status.OCCURRED else row.dedup_key


def open_alerts(connection: Connection, keys: Iterable[str]) -> dict[str, dict[str, RoutedAlert]]:
    """The alerts of these problems that are in a group, by key and receiver."""
    found: dict[str, dict[str, RoutedAlert]] = {}
    columns = (
        _r.event_id,
        _r.receiver,
        _r.dedup_key,
        _r.group_key,
        _r.reason,
        _r.detail,
        _r.begun_by,
        _r.told_at,
    )
    for some in chunks(sorted(set(keys))):
        for row in connection.execute(select(*columns).where(_OPEN, _r.dedup_key.in_(some))):
            found.setdefault(row.dedup_key, {})[row.receiver] = RoutedAlert(*row)
    return found


def save(
    connection: Connection, routing: Routing, routed: Sequence[NewEvent], times: GroupTimes, now: datetime
) -> None:
    """Save what was routed: the alerts, their groups, and the problems that last."""
    new = {(alert.event_id, alert.receiver) for alert in routing.added}
    _insert(connection, [_stored(alert, now) for alert in routing.added])
    for alert in routing.closed:
        if (alert.event_id, alert.receiver) not in new:
            change = update(routed_alerts).where(_r.event_id == alert.event_id, _r.receiver == alert.receiver)
            connection.execute(change.values(group_key=None, reason=alert.reason))
    _wake(connection, routing, times, now)
    _save_problems(connection, routing)
    ids = [event.event_id for event in routed]
    alert_states.routed(connection, ids, now)
    alert_states.keep(connection, routing.unreachable)
    alert_states.settle(connection, [*ids, *(alert.event_id for alert in routing.closed)])


def _insert(connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows; one that exists was routed anew for another receiver, and stays."""
    if rows:
        values: dict[str, object] = {name: bindparam(name) for name in rows[0]}
        change = insert_into(connection, routed_alerts).values(values).on_conflict_do_nothing()
        execute_many(connection, change, rows)


def _stored(alert: RoutedAlert, now: datetime) -> dict[str, object]:
    return {
        "event_id": alert.event_id,
        "receiver": alert.receiver,
        "dedup_key": alert.key,
        "group_key": alert.group,
        "begun_by": alert.begun_by,
        "told_at": None if alert.told_at is None else microseconds(alert.told_at),
        "reason": str(alert.reason),
        "detail": alert.detail,
        "decided_at": microseconds(now),
    }


def _wake(connection: Connection, routing: Routing, times: GroupTimes, now: datetime) -> None:
    """Give groups with something new their next turn."""
    known: dict[tuple[str, str], AnyRow] = {}
    for some in chunks(sorted(routing.woken)):
        query = select(alert_groups).where(tuple_(_g.receiver, _g.group_key).in_(some))
        known |= {(row.receiver, row.group_key): row for row in connection.execute(query)}
    rows = []
    for (receiver, group), at in routing.woken.items():
        row = known.get((receiver, group))
        tick = None if row is None else row.tick_at
        turn = times.first_tick(at, now) if tick is None else times.next_tick(tick, now)
        if row is not None and row.next_at is not None:
            turn = min(turn, row.next_at)
        rows.append({"receiver": receiver, "group_key": group, "next_at": turn})
    if rows:
        change = insert_into(connection, alert_groups)
        set_ = {"next_at": change.excluded.next_at}
        connection.execute(
            change.on_conflict_do_update(index_elements=[_g.receiver, _g.group_key], set_=set_), rows
        )


def _save_problems(connection: Connection, routing: Routing) -> None:
    """A problem that begins anew, as another kind, is not acknowledged any more."""
    ended = [key for key, event in routing.problems.items() if event is None]
    for keys in chunks(ended):
        connection.execute(delete(problems).where(_p.dedup_key.in_(keys)))
    rows = [
        {"dedup_key": key, "event_id": event.event_id, "kind": event.labels["kind"]}
        for key, event in routing.problems.items()
        if event is not None
    ]
    if not rows:
        return
    for some in chunks([(row["dedup_key"], row["kind"]) for row in rows]):
        gone = delete(problems).where(_p.dedup_key.in_([key for key, _ in some]))
        connection.execute(gone.where(~tuple_(_p.dedup_key, _p.kind).in_(some)))
    change = insert_into(connection, problems)
    set_ = {"event_id": change.excluded.event_id}
    connection.execute(change.on_conflict_do_update(index_elements=[_p.dedup_key], set_=set_), rows)
