"""Whether targets are looked at: how late looks are, what cannot be read, and how many looks failed.

Like `target_counts`, these queries read every target, so they are for commands and not for jobs; the metrics
keep the result of `by_state` for a minute.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, or_, select

from monitor.evaluation.source_choice import NO_SOURCE
from monitor.model.target_problem import TargetProblem
from storage.schema import snapshots, targets
from storage.sums import number_of, total

_t = targets.c
_s = snapshots.c
_MONITORED = or_(_t.next_due_at.is_not(None), _t.virtual_due.is_not(None))
_cause = case(
    (_t.source == NO_SOURCE, "no_source"),
    (_t.notified_problem == TargetProblem.OTHER_ACCOUNT, "other_account"),
    (_t.gone_at.is_not(None), "gone"),
    (_t.private_since.is_not(None), "private"),
    (_t.notified_problem == TargetProblem.UNREAD, "unread"),
)
"""The first cause because of which a target cannot be read; NULL if it can."""
READABLE = "readable"
STATES = (READABLE, "private", "gone", "other_account", "unread", "no_source")


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
    other_account: int
    """Their names belong to other accounts now, whose counts are not judged."""
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
    overdue = and_(func.coalesce(_cause, "") != "no_source", _t.next_due_at < due_before)
    query = select(
        func.count(),
        func.max(_t.last_look_at),
        number_of(overdue),
        func.min(case((overdue, _t.next_due_at))),
        *(
            number_of(_cause == cause)
            for cause in ("private", "gone", "other_account", "unread", "no_source")
        ),
    ).where(_MONITORED)
    return TargetHealth(*connection.execute(query).one())


def by_state(connection: Connection) -> dict[str, int]:
    """Numbers of the monitored targets: `readable`, or by the first cause because of which they are not."""
    monitored = select(func.coalesce(_cause, READABLE).label("state")).where(_MONITORED).subquery()
    query = select(monitored.c.state, func.count()).group_by(monitored.c.state)
    return dict.fromkeys(STATES, 0) | dict(connection.execute(query).all())


def looks_since(connection: Connection, since: datetime) -> LookSums:
    """Numbers of looks since a time, and of those without a count.

    Snapshots have no index by time alone, so each target that was looked at since then is asked for its own.
    """
    own = _s.target_id == _t.target_id, _s.at >= since
    looks = select(func.count()).where(*own).scalar_subquery()
    counts = select(func.count(_s["count"])).where(*own).scalar_subquery()
    query = select(total(looks), total(counts)).where(_t.last_look_at >= since)
    made, with_count = connection.execute(query).one()
    return LookSums(made, made - with_count)
