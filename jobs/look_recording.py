"""Judging: what follows from looks, written in the same transaction as the looks themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jobs import apply_verdict, mass_drops, target_alerts
from jobs.fast_path import record_fast
from jobs.queue_position import with_queue_positions
from jobs.routing import SourceRouter
from monitor.cadence.schedule import Cadence, LookSummary, NextLook, Priority
from monitor.evaluation.source_choice import UNSEEN_OUTCOMES
from monitor.guarantee.gone_detection import Absence, observe
from monitor.guarantee.mass_drop import MassDropRule
from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.guarantee.series import Series, admit, begins
from monitor.guarantee.source_switch import expected_count
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.decision import Decision
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric
from storage import mass_drops as kept_mass_drops
from storage import order_states, snapshots, sources, targets
from storage.engine import Transaction
from storage.targets import LookOutcome, TargetState


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """What became of one look."""

    snapshot: Snapshot
    """As it was kept: a count that did not fit its series is kept as `schema`."""
    decisions: tuple[Decision, ...] = ()
    """The decisions that were new."""


@dataclass(frozen=True, slots=True)
class LookPolicy:
    """What the configuration says of looks and of what follows from them."""

    cadence: Cadence
    mass_drops: MassDropRule
    router: SourceRouter | None = None
    """None where targets stay with the source that they have."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look, admitted to its series, and the orders that it may concern."""

    row: TargetState
    shot: Snapshot
    """As it was taken."""
    kept: Snapshot
    series: Series
    group: tuple[OrderState, ...]
    verdicts: tuple[Verdict, ...] = ()

    @property
    def judged(self) -> bool:
        return any(verdict.judged for verdict in self.verdicts)

    @property
    def refused_switch(self) -> bool:
        """Another source has counted, whose series cannot begin yet."""
        counted = self.shot.count is not None and self.kept.count is None
        return counted and self.row.series.is_not_of(self.shot.source)

    @property
    def opened(self) -> bool:
        return any(verdict.opened for verdict in self.verdicts)


def record_looks(tx: Transaction, shots: Mapping[int, Snapshot], policy: LookPolicy) -> list[RecordedLook]:
    """Keep looks, by target, and all that follows: drops, decisions, refills, alerts, the next looks."""
    targets.lock(tx, list(shots))
    passed = record_fast(tx, shots, policy.cadence)
    done = {look.target.target_id: RecordedLook(look.snapshot) for look in passed}
    rest = [target_id for target_id in shots if target_id not in done]
    rows, groups = targets.locked(tx, rest), order_states.of_targets(tx, rest)
    looks = [_admitted(rows[target_id], shots[target_id], groups[target_id]) for target_id in rest]
    snapshots.add_all(tx, [(look.row.target_id, look.kept) for look in looks])
    _vouch(tx, [*(look.snapshot for look in passed), *(look.kept for look in looks)])
    looks = _under_mass_drops(tx, looks, [look.snapshot for look in passed], policy.mass_drops)
    written = [_write(tx, look, policy.mass_drops.hold) for look in looks]
    after = [_after(tx, look, new, policy) for look, new in zip(looks, written, strict=True)]
    targets.save_looks(tx, with_queue_positions(tx, after))
    done |= {one.row.target_id: RecordedLook(one.kept, new) for one, new in zip(looks, written, strict=True)}
    return [done[target_id] for target_id in shots]


def _vouch(tx: Transaction, kept: Sequence[Snapshot]) -> None:
    """Remember which metrics a source has read: what one target shows vouches for it before others."""
    newest: dict[tuple[str, Metric], datetime] = {}
    for shot in kept:
        if shot.count is not None:
            key = shot.source, shot.target.metric
            newest[key] = max(newest.get(key, shot.at), shot.at)
    for (source, metric), at in sorted(newest.items()):  # so that no two judges block each other
        sources.note_read(tx, source, metric, at)


def _admitted(row: TargetState, shot: Snapshot, group: tuple[OrderState, ...]) -> _Look:
    """Admit a look to the target's series, and judge what it may judge."""
    shot = _in_order(shot, row)
    expected = None
    if row.series.is_not_of(shot.source):
        expected = expected_count(group, row.series.last_count, row.last_count_at, shot.at)
    kept, series = admit(shot, row.series, expected)
    judges = kept.judged is not None and not begins(row.series, series)
    verdicts = evaluate_count(group, kept.judged, kept.at) if judges and kept.judged is not None else ()
    return _Look(row, shot, kept, series, group, verdicts)


def _in_order(snapshot: Snapshot, row: TargetState) -> Snapshot:
    """A clock that was set back must not put a look before the one that was taken before it."""
    if row.last_look_at is None or snapshot.at > row.last_look_at:
        return snapshot
    return replace(snapshot, at=row.last_look_at + timedelta.resolution)


def _under_mass_drops(
    tx: Transaction, looks: Sequence[_Look], passed: Sequence[Snapshot], rule: MassDropRule
) -> list[_Look]:
    """Count the judged looks in, and judge anew where it turns out that a mass drop is on.

    `passed` are those that were judged by what is known of their targets, and counted in already.
    """
    judged = [look for look in looks if look.judged]
    kept_mass_drops.note_judged(
        tx,
        {look.row.target_id: look.kept.at for look in judged},
        {look.row.target_id for look in judged if look.opened},
    )
    latest: dict[Metric, datetime] = {}
    for shot in (*passed, *(look.kept for look in judged)):
        metric = shot.target.metric
        latest[metric] = max(latest.get(metric, shot.at), shot.at)
    on = {metric for metric, at in sorted(latest.items()) if mass_drops.is_on(tx, metric, at, rule)}
    return [_held(look) if look.verdicts and look.row.target.metric in on else look for look in looks]


def _held(look: _Look) -> _Look:
    count = look.kept.judged or 0
    return replace(look, verdicts=evaluate_count(look.group, count, look.kept.at, mass_drop=True))


def _write(tx: Transaction, look: _Look, hold: timedelta) -> tuple[Decision, ...]:
    if look.kept.judged is None or not look.verdicts:
        return ()
    pairs = zip(look.group, look.verdicts, strict=True)
    return tuple(d for w, v in pairs for d in apply_verdict.write(tx, w.order, v, look.kept.judged, hold))


def _after(tx: Transaction, look: _Look, decisions: tuple[Decision, ...], policy: LookPolicy) -> LookOutcome:
    """What a look leaves behind: what is known of the target, and when who looks again."""
    row, kept = look.row, look.kept
    absence = _absence(tx, row, kept)
    failures = target_alerts.failures_after(row, kept)
    group = order_states.of_target(tx, row.target_id) if decisions else _changed(look)
    priority = (
        Priority.URGENT if begins(row.series, look.series) else row.priority
    )  # a look of no series teaches nothing
    seen = LookSummary(
        kept.outcome, failures, look.series.zero_seen, kept.judged, row.cadence_state, priority, kept.source
    )
    following = policy.cadence.next_look(group, seen, kept.at)
    waits = look.refused_switch  # which is no trouble of the target
    told = target_alerts.tell_of_target(tx, row, kept, look.group, absence, 0 if waits else failures)
    known = replace(row, series=look.series, absence=absence, failures=failures, notified_problem=told)
    routed = policy.router.after(known, kept, group) if policy.router else known
    cadence_state = following.cadence_state if following else ""
    if following and routed.source != row.source and kept.outcome in UNSEEN_OUTCOMES:
        following = _passed_on(following, row, kept)
    return LookOutcome(
        replace(routed, cadence_state=cadence_state), kept, following, noop_bounds=_calm(look, group)
    )


def _passed_on(following: NextLook, row: TargetState, kept: Snapshot) -> NextLook:
    """The next look is another source's, and due at once: this one has told nothing of the target."""
    return following._replace(
        at=kept.at, priority=min(row.priority, following.priority), due_reason=f"{kept.source} cannot see it"
    )


def _calm(look: _Look, group: Sequence[OrderState]) -> NoopBounds | None:
    """How long, and down to which count, nothing can follow; only a look that was judged can tell."""
    if not look.verdicts or look.kept.judged is None:
        return None
    measured = [
        replace(w, settled_look=w.settled_look or v.judged) for w, v in zip(group, look.verdicts, strict=True)
    ]
    return noop_bounds(measured, look.kept.at, look.kept.judged)


def _absence(tx: Transaction, row: TargetState, kept: Snapshot) -> Absence:
    """Whether the target is still there."""
    if kept.count is not None:
        return Absence()
    return observe(row.absence, kept.outcome, kept.at, sources.last_read(tx, kept.source, row.target.metric))


def _changed(look: _Look) -> Sequence[OrderState]:
    """The watched orders after verdicts that decided nothing, as far as the next look depends on them."""
    if not look.verdicts:
        return look.group
    return [_judged(w, v) for w, v in zip(look.group, look.verdicts, strict=True)]


def _judged(state: OrderState, verdict: Verdict) -> OrderState:
    order = state.order
    if verdict.start_count is not None:
        order = replace(order, start_count=verdict.start_count, start_measured=True)
    if verdict.claim is None:
        return replace(state, order=order)
    drop = verdict.drop if verdict.drop is not None and verdict.drop.state.open else None
    return replace(
        state, order=order, drop=drop, request_pending=state.request_pending and not verdict.request_answered
    )
