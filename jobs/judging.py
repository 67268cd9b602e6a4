"""Judging: what follows from one look, written in the same transaction as the look itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from jobs import aftermath, mass_drops, telling
from monitor.absence import Absence, observe
from monitor.cadence import Cadence, Seen
from monitor.decisions import Decision
from monitor.judging import Verdict, judge
from monitor.mass_drop import MassDropRule
from monitor.series import admit
from monitor.snapshot import Snapshot
from monitor.watched import Watched
from storage import snapshots, sources, targets, watched
from storage.engine import Transaction
from storage.targets import TargetRow


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one look."""

    snapshot: Snapshot
    """As it was kept: a count that did not fit its series is kept as `schema`."""
    decisions: tuple[Decision, ...] = ()
    """The decisions that were new."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the configuration says of looks and of what follows from them."""

    cadence: Cadence
    mass_drops: MassDropRule


def record(tx: Transaction, target_id: int, snapshot: Snapshot, policy: Policy) -> Recorded:
    """Keep one look and everything that follows from it: drops, decisions, refills, alerts, the next look."""
    row = targets.get(tx, target_id, lock=True)
    group = watched.of_target(tx, target_id)
    kept, series = admit(_in_order(snapshot, row), row.series)
    snapshots.add(tx, target_id, kept)
    verdicts = _judge(tx, row, group, kept, policy.mass_drops)
    decisions = _write(tx, group, verdicts, kept, policy.mass_drops.hold)
    failures = telling.failures_after(row, kept)
    seen = Seen(kept.outcome, failures, doubted=series.zero_seen)
    after = watched.of_target(tx, target_id) if decisions else _after(group, verdicts)
    following = policy.cadence.next_look(after, seen, kept.at)
    absence = _absence(tx, row, kept)
    told = telling.tell_of_target(tx, row, kept, group, absence, failures)
    now_known = replace(row, series=series, absence=absence, failures=failures, told=told)
    targets.looked(tx, now_known, kept, following)
    return Recorded(kept, decisions)


def _absence(tx: Transaction, row: TargetRow, kept: Snapshot) -> Absence:
    """Whether the target is still there; what one target shows vouches for the source before others."""
    metric = row.target.metric
    if kept.count is not None:
        sources.note_read(tx, kept.source, metric, kept.at)
    return observe(row.absence, kept.outcome, kept.at, sources.last_read(tx, kept.source, metric))


def _in_order(snapshot: Snapshot, row: TargetRow) -> Snapshot:
    """A clock that was set back must not put a look before the one that was taken before it."""
    if row.last_look_at is None or snapshot.at > row.last_look_at:
        return snapshot
    return replace(snapshot, at=row.last_look_at + snapshot.at.resolution)


def _write(
    tx: Transaction,
    group: Sequence[Watched],
    verdicts: Sequence[Verdict],
    kept: Snapshot,
    hold: timedelta,
) -> tuple[Decision, ...]:
    if kept.count is None:
        return ()
    pairs = zip(group, verdicts, strict=True)
    return tuple(d for w, v in pairs for d in aftermath.write(tx, w.order, v, kept.count, hold))


def _judge(
    tx: Transaction, row: TargetRow, group: Sequence[Watched], kept: Snapshot, rule: MassDropRule
) -> tuple[Verdict, ...]:
    """Judge a count; anew when it turns out that a mass drop is on."""
    if kept.count is None:
        return ()
    verdicts = judge(group, kept.count, kept.at)
    if not any(v.judged for v in verdicts):
        return verdicts
    opened = any(v.opened for v in verdicts)
    if mass_drops.is_on(tx, row.target_id, row.target.metric, kept.at, rule, opened=opened):
        return judge(group, kept.count, kept.at, mass_drop=True)
    return verdicts


def _after(group: Sequence[Watched], verdicts: Sequence[Verdict]) -> Sequence[Watched]:
    """The watched orders after verdicts that decided nothing, as far as the next look depends on them."""
    drop = {v.order_id: v.drop for v in verdicts if v.drop is not None and v.drop.state.open}
    judged = {v.order_id for v in verdicts if v.claim is not None}
    return [replace(w, drop=drop.get(w.order.order_id)) if w.order.order_id in judged else w for w in group]
