"""What the self-check needs to know, and which of its conditions hold."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, text, update

from monitor.cadence.schedule import Priority
from monitor.events.kind import EventKind
from monitor.events.monitoring import MONITOR, MonitorProblem
from monitor.self_monitoring.alerts_undelivered import Undelivered
from monitor.sources.breaker import SEEN
from storage.alert_tables import alert_channels, self_checks
from storage.engine import insert_into
from storage.pipeline_tables import notifications
from storage.schema import targets
from storage.source_tables import source_reads, source_requests

_t = targets.c
_n = notifications.c
_s = self_checks.c
_KEY = ("kind", "problem")
_PENDING = text("notifications.state = 'pending'")
_OLDEST = select(_n.at).where(_PENDING).order_by(_n.notification_id).limit(1)
_WAITING = select(func.sum(_n.alerts)).where(_PENDING)
_ERROR = select(func.max(alert_channels.c.last_error))


def last_count(connection: Connection, sources: Sequence[str]) -> datetime | None:
    """When one of these sources last read a count."""
    query = select(func.max(source_reads.c.last_count_at)).where(source_reads.c.source.in_(sources))
    return connection.execute(query).scalar()


def last_seen(connection: Connection) -> datetime | None:
    """When a look last showed a target, if only that it is private; reads all targets."""
    query = select(func.max(_t.last_look_at)).where(_t.last_outcome.in_(SEEN))
    return connection.execute(query).scalar()


def due_since(
    connection: Connection, source: str, priorities: Iterable[Priority] = Priority
) -> datetime | None:
    """Since when the target of a source is due that is due longest; a later time if none is."""
    query = select(func.min(_t.next_due_at)).where(_t.source == source, _t.next_due_at.is_not(None))
    times = [
        connection.execute(query.where(_t.priority == int(priority))).scalar() for priority in priorities
    ]
    return min((at for at in times if at is not None), default=None)


def overdue(connection: Connection, sources: Sequence[str], until: datetime) -> int:
    """Number of targets of these sources that were due at a time or earlier."""
    at_all = [int(priority) for priority in Priority]
    query = select(func.count()).select_from(targets)
    query = query.where(_t.source.in_(sources), _t.priority.in_(at_all), _t.next_due_at <= until)
    return connection.execute(query).scalar_one()


def watched(connection: Connection) -> int:
    """Number of targets that have a next look; reads all targets."""
    query = select(func.count()).select_from(targets)
    return connection.execute(query.where(_t.next_due_at.is_not(None))).scalar_one()


def first_request(connection: Connection, source: str, after: datetime) -> datetime | None:
    """Time of the first stored request to a source after a time."""
    query = select(func.min(source_requests.c.at)).where(
        source_requests.c.source == source, source_requests.c.at > after
    )
    return connection.execute(query).scalar()


def undelivered(connection: Connection) -> Undelivered | None:
    """The alerts that wait for a channel; None without any."""
    since = connection.execute(_OLDEST).scalar()
    if since is None:
        return None
    alerts = connection.execute(_WAITING).scalar_one()
    return Undelivered(alerts, since, connection.execute(_ERROR).scalar() or "")


def holding(connection: Connection) -> dict[MonitorProblem, datetime]:
    """The conditions that hold, with the time from which on they do."""
    rows = connection.execute(select(_s.kind, _s.problem, _s.since).where(_s.since.is_not(None)))
    return {MonitorProblem(row.kind, row.problem): row.since for row in rows}


def checked(connection: Connection, kinds: Sequence[EventKind], now: datetime) -> None:
    """Note that conditions were checked; a write in each round shows that the database can be written."""
    row = insert_into(connection, self_checks).values(
        [{"kind": kind, "problem": MONITOR, "checked_at": now} for kind in sorted(kinds)]
    )
    change = row.on_conflict_do_update(index_elements=_KEY, set_={"checked_at": row.excluded.checked_at})
    connection.execute(change)


def begin(connection: Connection, problem: MonitorProblem, now: datetime) -> bool:
    """Note that a condition holds; False if another process has noted it before."""
    row = insert_into(connection, self_checks).values(
        kind=problem.kind, problem=problem.name, since=now, checked_at=now
    )
    change = row.on_conflict_do_update(index_elements=_KEY, set_={"since": now}, where=_s.since.is_(None))
    return connection.execute(change.returning(_s.kind)).first() is not None


def end(connection: Connection, problem: MonitorProblem) -> bool:
    """Note that a condition has ended; False if another process has noted it before."""
    change = (
        update(self_checks)
        .where(_s.kind == problem.kind, _s.problem == problem.name, _s.since.is_not(None))
        .values(since=None)
    )
    return connection.execute(change).rowcount == 1
