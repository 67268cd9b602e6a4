"""Record looks: load the state, evaluate, and save the result, in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from jobs.evaluation_saving import save_caps_reached, save_mass_drops, save_verdicts, tell_growth
from jobs.fast_path import record_fast
from jobs.queue_position import with_queue_positions
from monitor.cadence.schedule import Observation
from monitor.evaluation.admission import Look, in_order
from monitor.evaluation.evaluate import (
    Evaluation,
    LookEvaluation,
    LookPolicy,
    RequestState,
    evaluate,
    reads_of,
)
from monitor.guarantee.gone_detection import ABSENT
from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Decision
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric
from storage import daily_caps, mass_drops, order_states, queued_units, refills, snapshots, sources, targets
from storage.engine import Transaction
from storage.targets import LookOutcome


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """One look as it was saved."""

    snapshot: Snapshot
    """As it is stored: a count that is not admitted to its series is stored as `schema`."""
    verdicts: tuple[Verdict, ...] = ()
    """One per order of the target; empty when the count was not judged."""
    observations: tuple[Observation, ...] = ()
    """For the cadence to learn from, after the transaction is committed."""
    counted_before: datetime | None = None
    """Time of the target's count before this look."""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """The new decisions."""
        return tuple(decision for verdict in self.verdicts for decision in verdict.new_decisions)


def record_looks(tx: Transaction, taken: Mapping[int, Snapshot], policy: LookPolicy) -> list[RecordedLook]:
    """Save the looks of one request, by target id, and everything that follows from them.

    A look at a target that was forgotten meanwhile is dropped: it would bring the names back.
    """
    targets.lock(tx, list(taken))
    forgotten = targets.forgotten(tx, list(taken))
    recorded = {target_id: RecordedLook(taken[target_id], (), ()) for target_id in forgotten}
    fast = record_fast(tx, _without(taken, recorded), policy.cadence)
    recorded |= {
        look.target.target_id: RecordedLook(look.snapshot, (), look.next_look.observations) for look in fast
    }
    others = _without(taken, recorded)
    fast_snapshots = [look.snapshot for look in fast]
    evaluation = _evaluate(tx, _load(tx, others, fast_snapshots, policy.mass_drops), policy)
    _save(tx, evaluation, policy, fast_snapshots)
    recorded |= {look.state.target_id: _recorded(look) for look in evaluation.looks}
    return [recorded[target_id] for target_id in taken]


def _without(taken: Mapping[int, Snapshot], done: Collection[int]) -> dict[int, Snapshot]:
    return {target_id: snapshot for target_id, snapshot in taken.items() if target_id not in done}


def _evaluate(tx: Transaction, request: RequestState, policy: LookPolicy) -> Evaluation:
    """Evaluate the looks, under the daily caps if a refill would be queued.

    Then no other process queues one until the commit, and what is used is read after that is certain.
    """
    evaluation = evaluate(request, policy)
    if not policy.caps.configured or not evaluation.queueing_days:
        return evaluation
    daily_caps.lock(tx)
    usage = {day: queued_units.usage(tx, day) for day in evaluation.queueing_days}
    return evaluate(replace(request, usage=usage), policy)


def _load(
    tx: Transaction, taken: Mapping[int, Snapshot], fast_snapshots: Sequence[Snapshot], rule: MassDropRule
) -> RequestState:
    """Load the state for an evaluation; `fast_snapshots` are those that the fast path has saved."""
    states, orders = targets.locked(tx, list(taken)), order_states.of_targets(tx, list(taken))
    looks = [
        Look(states[target_id], orders[target_id], in_order(snapshot, states[target_id]))
        for target_id, snapshot in taken.items()
    ]
    ordered = [look.snapshot for look in looks]
    absent = {(one.source, one.target.metric) for one in ordered if one.outcome in ABSENT}
    known = {key: sources.last_read(tx, *key) for key in sorted(absent)}
    return RequestState(
        looks=looks,
        mass_drops={
            metric: mass_drops.state(tx, metric, at - rule.window, enabled=rule.enabled)
            for metric, at in sorted(_newest((*fast_snapshots, *ordered)).items())
        },
        reads={key: at for key, at in known.items() if at is not None} | reads_of(fast_snapshots),
        latest=_newest(fast_snapshots),
    )


def _newest(snapshots: Iterable[Snapshot]) -> dict[Metric, datetime]:
    """The time of the newest count of each metric."""
    newest: dict[Metric, datetime] = {}
    for (_, metric), at in reads_of(snapshots).items():
        newest[metric] = max(newest.get(metric, at), at)
    return newest


def _save(
    tx: Transaction, evaluation: Evaluation, policy: LookPolicy, fast_snapshots: Sequence[Snapshot]
) -> None:
    looks = evaluation.looks
    snapshots.add_all(tx, [(look.state.target_id, look.snapshot) for look in looks])
    sources.note_reads(tx, reads_of([*fast_snapshots, *(look.snapshot for look in looks)]))
    judged = {look.state.target_id: look.snapshot.at for look in looks if look.judged}
    mass_drops.note_judged(tx, judged, {look.state.target_id for look in looks if look.opened})
    save_mass_drops(tx, evaluation.mass_drops, policy)
    refills.lock_open(tx, [one.order_id for look in looks for one in look.verdicts if one.release])
    for look in looks:
        save_verdicts(tx, look, policy)
    save_caps_reached(tx, evaluation.caps_reached, policy.caps)
    tell_growth(tx, looks, shadow=policy.shadow)
    targets.save_looks(tx, with_queue_positions(tx, [_outcome(look) for look in looks]))


def _outcome(look: LookEvaluation) -> LookOutcome:
    return LookOutcome(
        look.state,
        look.snapshot,
        look.next_look,
        noop_bounds=look.noop_bounds,
        was_hidden=look.was_hidden,
    )


def _recorded(look: LookEvaluation) -> RecordedLook:
    observations = look.next_look.observations if look.next_look else ()
    return RecordedLook(look.snapshot, look.verdicts, observations, look.state.last_count_at)
