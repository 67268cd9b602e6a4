"""Judging: what follows from one look, written in the same transaction as the look itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitor.alert import decision_alert, private_alert, refused_alert
from monitor.cadence import Cadence, Seen
from monitor.decisions import Decision, Verb
from monitor.judging import Verdict, judge
from monitor.order import Order
from monitor.series import admit
from monitor.snapshot import Outcome, Snapshot
from monitor.sources.breaker import SURE
from monitor.watched import Watched
from storage import drops, orders, outbox, refills, requests, snapshots, targets, watched
from storage.engine import Transaction
from storage.targets import TargetRow

REFUSED_AFTER = 3
"""Looks in a row without a count after which the operator is told."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one look."""

    snapshot: Snapshot
    """As it was kept: a count that did not fit its series is kept as `schema`."""
    decisions: tuple[Decision, ...] = ()
    """The decisions that were new."""


def record(tx: Transaction, target_id: int, snapshot: Snapshot, cadence: Cadence) -> Recorded:
    """Keep one look and everything that follows from it: drops, decisions, refills, alerts, the next look."""
    row = targets.get(tx, target_id, lock=True)
    group = watched.of_target(tx, target_id)
    kept, series = admit(_in_order(snapshot, row), row.series)
    snapshots.add(tx, target_id, kept)
    verdicts = judge(group, kept.count, kept.at) if kept.count is not None else ()
    decisions = [_apply(tx, w, v, kept) for w, v in zip(group, verdicts, strict=bool(verdicts))]
    failures = _failures(row, kept)
    seen = Seen(kept.outcome, failures, doubted=series.zero_seen)
    following = cadence.next_look(_after(group, verdicts), seen, kept.at)
    targets.looked(tx, row, kept, series, failures, following)
    _tell_of_target(tx, row, kept, group, failures)
    return Recorded(kept, tuple(d for d in decisions if d is not None))


def _in_order(snapshot: Snapshot, row: TargetRow) -> Snapshot:
    """A clock that was set back must not put a look before the one that was taken before it."""
    if row.last_look_at is None or snapshot.at > row.last_look_at:
        return snapshot
    return replace(snapshot, at=row.last_look_at + snapshot.at.resolution)


def _apply(tx: Transaction, before: Watched, verdict: Verdict, kept: Snapshot) -> Decision | None:
    """Write down a verdict; gives its decision if that is a new one."""
    if verdict.start_count is not None:
        orders.measured(tx, verdict.order_id, verdict.start_count)
    if verdict.request_answered:
        requests.answered(tx, verdict.order_id, kept.at)
    if verdict.drop is None or verdict.claim is None or kept.count is None:
        return None
    drop_id = drops.save(tx, verdict.drop, verdict.claim, kept.count)
    if verdict.decision is None or not drops.add_decision(tx, drop_id, verdict.decision):
        return None
    _carry_out(tx, drop_id, verdict.decision, before.order)
    return verdict.decision


def _carry_out(tx: Transaction, drop_id: int, decision: Decision, order: Order) -> None:
    if decision.verb in {Verb.REFILL, Verb.HOLD}:
        refills.create(tx, drop_id, decision, order.target.metric)
    outbox.add(tx, decision_alert(decision, order), decision.at)


def _after(group: Sequence[Watched], verdicts: Sequence[Verdict]) -> Sequence[Watched]:
    """The watched orders as they are after their verdicts, as far as the next look depends on them."""
    drop = {v.order_id: v.drop for v in verdicts if v.drop is not None and v.drop.state.open}
    judged = {v.order_id for v in verdicts if v.claim is not None}
    return [replace(w, drop=drop.get(w.order.order_id)) if w.order.order_id in judged else w for w in group]


def _failures(row: TargetRow, kept: Snapshot) -> int:
    """Looks in a row without a count; a refusal of the whole source says nothing about the target."""
    if kept.outcome is Outcome.COUNT:
        return 0
    return row.failures if kept.outcome in SURE else row.failures + 1


def _tell_of_target(
    tx: Transaction, row: TargetRow, kept: Snapshot, group: Sequence[Watched], failures: int
) -> None:
    """Tell once that a target has become private, and once that it cannot be read."""
    covered = sum(w.covered(kept.at) for w in group)
    if not covered:
        return
    if kept.outcome is Outcome.PRIVATE:
        if row.private_since is None:
            outbox.add(tx, private_alert(row.target, covered), kept.at)
    elif failures == REFUSED_AFTER and row.failures < REFUSED_AFTER:
        outbox.add(tx, refused_alert(row.target, kept.outcome, failures), kept.at)
