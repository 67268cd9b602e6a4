"""Whether targets are looked at: how late looks are, what cannot be read, and how many looks failed.

Like `target_counts`, these queries read every target, so they are for commands and not for jobs.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, func, or_, select

from monitor.evaluation.source_choice import NO_SOURCE
from monitor.model.target_problem import TargetProblem
from storage.schema import snapshots, targets

_t = targets.c
_s = snapshots.c
_MONITORED = or_(_t.next_due_at.is_not(None), _t.virtual_due.is_not(None))


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """Numbers of monitored targets; one that cannot be read is counted for one cause only."""

    targets: int
    last_look_at: datetime | None
    """The newest look at any of them."""
    overdue: int
    due_since: datetime | None
    """Since when the one that is overdue longest is due."""
    private: int
    gone: int
    unread: int
    """Several looks in a row have failed, for another reason."""
    no_source: int
    """No enabled source can read them."""


@dataclass(frozen=True, slots=True)
class LookSums:
    """Looks of a period."""

    looks: int
    failed: int


def health(connection: Connection, due_before: datetime) -> TargetHealth:
    """Numbers of the monitored targets; those that were due before a time are overdue."""
    readable = func.coalesce(_t.source, "not routed yet") != NO_SOURCE
    overdue = and_(readable, _t.next_due_at < due_before)
    gone = and_(readable, _t.gone_at.is_not(None))
    private = and_(readable, _t.gone_at.is_(None), _t.private_since.is_not(None))
    unread = and_(
        readable,
        _t.gone_at.is_(None),
        _t.private_since.is_(None),
        _t.notified_problem == TargetProblem.UNREAD,
    )
    query = select(
        func.count(),
        func.max(_t.last_look_at),
        _number(overdue),
        func.min(case((overdue, _t.next_due_at))),
        _number(private),
        _number(gone),
        _number(unread),
        _number(_t.source == NO_SOURCE),
    ).where(_MONITORED)
    return TargetHealth(*connection.execute(query).one())


def looks_since(connection: Connection, since: datetime) -> LookSums:
    """Numbers of looks since a time, and of those without a count.

    Snapshots have no index by time alone, so each target that was looked at since then is asked for its own.
    """
    own = _s.target_id == _t.target_id, _s.at >= since
    looks = select(func.count()).where(*own).scalar_subquery()
    counts = select(func.count(_s["count"])).where(*own).scalar_subquery()
    query = select(_sum(looks), _sum(counts)).where(_t.last_look_at >= since)
    made, with_count = connection.execute(query).one()
    return LookSums(made, made - with_count)


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """The number of rows that meet a condition."""
    return _sum(case((condition, 1), else_=0))


def _sum(values: ColumnElement[int]) -> ColumnElement[int]:
    """A sum as a whole number; 0 without rows."""
    return cast(func.coalesce(func.sum(values), 0), BigInteger)
