"""Target problems: what keeps a target from being counted; the operator is notified once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.evaluation.target_state import TargetState
from monitor.events.event import Event
from monitor.events.targets import (
    target_gone,
    target_other_account,
    target_private,
    target_ready,
    target_refused,
)
from monitor.guarantee.gone_detection import ABSENT, Absence
from monitor.model.order_state import OrderState
from monitor.model.snapshot import DEFINITE_REFUSALS, Outcome, Snapshot
from monitor.model.target_problem import TargetProblem

UNREAD_AFTER = 3
"""Number of failed looks in a row after which the operator is notified."""


def failures_after(state: TargetState, kept: Snapshot) -> int:
    """Return the number of failed looks in a row; refusals of the whole source do not count."""
    if kept.outcome is Outcome.COUNT:
        return 0
    return state.failures if kept.outcome in DEFINITE_REFUSALS else state.failures + 1


def problem_of(
    kept: Snapshot, absence: Absence, failures: int, read_at: datetime | None, *, other_account: bool = False
) -> TargetProblem | None:
    """Return what keeps the target from being counted.

    `read_at` is the time of the newest count that the source has read of the metric.
    """
    if other_account:
        return TargetProblem.OTHER_ACCOUNT
    if absence.gone_at is not None:
        return TargetProblem.GONE
    if kept.outcome is Outcome.PRIVATE:
        return TargetProblem.PRIVATE
    gone_alert_follows = kept.outcome in ABSENT and absence.source_reads_others(read_at)
    return TargetProblem.UNREAD if failures >= UNREAD_AFTER and not gone_alert_follows else None


def notify(
    problem: TargetProblem | None,
    state: TargetState,
    orders: Sequence[OrderState],
    kept: Snapshot,
) -> tuple[TargetProblem | None, Event | None]:
    """Return the problem that the operator has been notified of, and the event that does so now.

    `state` has absence and failures as they are after the look. There is one event per problem, and only
    while the problem suspends a covered order; a count ends every problem, and an event says so.
    """
    known = state.notified_problem
    suspended = sum(one.covered(kept.at) for one in orders)
    if kept.outcome is Outcome.COUNT:
        ended = target_ready(state.target, known, suspended) if known and suspended else None
        return None, ended
    if problem is None or problem is known or (problem is TargetProblem.UNREAD and known is not None):
        return known, None
    if not suspended:
        return known, None
    event = _event(problem, state, kept, suspended)
    return problem, replace(event, subject=replace(event.subject, source=kept.source))


def _event(problem: TargetProblem, state: TargetState, kept: Snapshot, suspended: int) -> Event:
    if problem is TargetProblem.GONE:
        return target_gone(state.target, state.absence, suspended)
    if problem is TargetProblem.PRIVATE:
        return target_private(state.target, suspended)
    if problem is TargetProblem.OTHER_ACCOUNT:
        return target_other_account(state.target, kept.detail, suspended)
    why = f"{kept.outcome}: {kept.detail}" if kept.detail else kept.outcome
    return target_refused(state.target, why, state.failures)
