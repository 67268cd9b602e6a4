"""Telling: what the operator hears of a target itself, each of it once."""

from collections.abc import Sequence

from monitor.absence import ABSENT, Absence
from monitor.alert import gone_alert, private_alert, refused_alert
from monitor.snapshot import Outcome, Snapshot
from monitor.sources.breaker import SURE
from monitor.watched import Watched
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
) -> None:
    """Tell once that a target has become private, once that it is gone, and once that it cannot be read."""
    suspended = sum(w.covered(kept.at) for w in group)
    if not suspended:
        return
    if kept.outcome is Outcome.PRIVATE:
        if row.private_since is None:
            outbox.add(tx, private_alert(row.target, suspended), kept.at)
    elif absence.gone_at is not None:
        if row.absence.gone_at is None:
            outbox.add(tx, gone_alert(row.target, absence, suspended), kept.at)
    elif failures == REFUSED_AFTER and row.failures < REFUSED_AFTER and not _will_be_told(tx, kept, absence):
        outbox.add(tx, refused_alert(row.target, kept.outcome, failures), kept.at)


def _will_be_told(tx: Transaction, kept: Snapshot, absence: Absence) -> bool:
    """An absence that the source vouches for makes the target gone after a day, and is told of then."""
    read_at = sources.last_read(tx, kept.source, kept.target.metric)
    return kept.outcome in ABSENT and absence.vouched(read_at)
