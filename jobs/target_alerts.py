"""Telling: what the operator hears of a target itself, each of it once."""

from collections.abc import Sequence

from monitor.alerts.alert import Alert, gone_alert, private_alert, refused_alert
from monitor.guarantee.gone_detection import ABSENT, Absence
from monitor.model.order_state import Watched
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target_problem import Trouble
from monitor.sources.breaker import SURE
from storage import outbox, sources
from storage.engine import Transaction
from storage.targets import TargetRow

REFUSED_AFTER = 3
"""Looks in a row without a count after which the operator is told."""


def failures_after(row: TargetRow, kept: Snapshot) -> int:
    """Looks in a row without a count; a refusal of the whole source says nothing about the target."""
    if kept.outcome is Outcome.COUNT:
        return 0
    return row.failures if kept.outcome in SURE else row.failures + 1


def tell_of_target(
    tx: Transaction,
    row: TargetRow,
    kept: Snapshot,
    group: Sequence[Watched],
    absence: Absence,
    failures: int,
) -> Trouble | None:
    """Tell once what keeps a target from being counted, as soon as an order is suspended by it.

    Gives what the operator knows of now; a count ends all trouble.
    """
    if kept.outcome is Outcome.COUNT:
        return None
    trouble = _trouble(tx, kept, absence, failures)
    suspended = sum(w.covered(kept.at) for w in group)
    news = trouble not in {None, row.told} and not (trouble is Trouble.UNREAD and row.told)
    if trouble is None or not news or not suspended:
        return row.told
    outbox.add(tx, _alert(trouble, row, kept, absence, failures, suspended), kept.at)
    return trouble


def _trouble(tx: Transaction, kept: Snapshot, absence: Absence, failures: int) -> Trouble | None:
    if absence.gone_at is not None:
        return Trouble.GONE
    if kept.outcome is Outcome.PRIVATE:
        return Trouble.PRIVATE
    unread = failures >= REFUSED_AFTER and not _will_be_told(tx, kept, absence)
    return Trouble.UNREAD if unread else None


def _alert(
    trouble: Trouble, row: TargetRow, kept: Snapshot, absence: Absence, failures: int, suspended: int
) -> Alert:
    if trouble is Trouble.GONE:
        return gone_alert(row.target, absence, suspended)
    if trouble is Trouble.PRIVATE:
        return private_alert(row.target, suspended)
    return refused_alert(row.target, kept.outcome, failures)


def _will_be_told(tx: Transaction, kept: Snapshot, absence: Absence) -> bool:
    """An absence that the source vouches for makes the target gone after a day, and is told of then."""
    read_at = sources.last_read(tx, kept.source, kept.target.metric)
    return kept.outcome in ABSENT and absence.vouched(read_at)
