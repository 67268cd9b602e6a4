"""Telling: what the operator hears of a target itself, each of it once."""

from collections.abc import Sequence

from monitor.alerts.alert import Alert, gone_alert, private_alert, refused_alert
from monitor.guarantee.gone_detection import ABSENT, Absence
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target_problem import TargetProblem
from monitor.sources.breaker import DEFINITE
from storage import outbox, sources
from storage.engine import Transaction
from storage.targets import TargetState

REFUSED_AFTER = 3
"""Looks in a row without a count after which the operator is told."""


def failures_after(row: TargetState, kept: Snapshot) -> int:
    """Looks in a row without a count; a refusal of the whole source says nothing about the target."""
    if kept.outcome is Outcome.COUNT:
        return 0
    return row.failures if kept.outcome in DEFINITE else row.failures + 1


def tell_of_target(
    tx: Transaction,
    row: TargetState,
    kept: Snapshot,
    group: Sequence[OrderState],
    absence: Absence,
    failures: int,
) -> TargetProblem | None:
    """Tell once what keeps a target from being counted, as soon as an order is suspended by it.

    Gives what the operator knows of now; a count ends all trouble.
    """
    if kept.outcome is Outcome.COUNT:
        return None
    trouble = _trouble(tx, kept, absence, failures)
    suspended = sum(w.covered(kept.at) for w in group)
    news = trouble not in {None, row.notified_problem} and not (
        trouble is TargetProblem.UNREAD and row.notified_problem
    )
    if trouble is None or not news or not suspended:
        return row.notified_problem
    outbox.add(tx, _alert(trouble, row, kept, absence, failures, suspended), kept.at)
    return trouble


def _trouble(tx: Transaction, kept: Snapshot, absence: Absence, failures: int) -> TargetProblem | None:
    if absence.gone_at is not None:
        return TargetProblem.GONE
    if kept.outcome is Outcome.PRIVATE:
        return TargetProblem.PRIVATE
    unread = failures >= REFUSED_AFTER and not _will_be_told(tx, kept, absence)
    return TargetProblem.UNREAD if unread else None


def _alert(
    trouble: TargetProblem, row: TargetState, kept: Snapshot, absence: Absence, failures: int, suspended: int
) -> Alert:
    if trouble is TargetProblem.GONE:
        return gone_alert(row.target, absence, suspended)
    if trouble is TargetProblem.PRIVATE:
        return private_alert(row.target, suspended)
    return refused_alert(row.target, kept.outcome, failures)


def _will_be_told(tx: Transaction, kept: Snapshot, absence: Absence) -> bool:
    """An absence that the source vouches for makes the target gone after a day, and is told of then."""
    read_at = sources.last_read(tx, kept.source, kept.target.metric)
    return kept.outcome in ABSENT and absence.vouched(read_at)
