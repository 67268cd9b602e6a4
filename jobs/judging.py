"""Judging: what follows from looks, written in the same transaction as the looks themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from jobs import aftermath, mass_drops, telling
from jobs.routing import Router
from jobs.seating import seats_of
from monitor.absence import Absence, observe
from monitor.cadence import Cadence, NextLook, Seen
from monitor.calm import Calm, calm
from monitor.decisions import Decision
from monitor.handover import expected_count
from monitor.judging import Verdict, judge
from monitor.mass_drop import MassDropRule
from monitor.series import Series, admit, begins
from monitor.snapshot import Snapshot
from monitor.target import Metric
from monitor.watched import Watched
from storage import mass_drops as kept_mass_drops
from storage import snapshots, sources, targets, watched
from storage.engine import Transaction
from storage.targets import Looked, TargetRow


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
    router: Router | None = None
    """None where targets stay with the source that they have."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look, admitted to its series, and the orders that it may concern."""

    row: TargetRow
    kept: Snapshot
    series: Series
    group: tuple[Watched, ...]
    verdicts: tuple[Verdict, ...] = ()
    quiet: NextLook | None = None
    """The next look where nothing can follow from this one, which then was not judged order by order."""

    @property
    def judged(self) -> bool:
        if self.quiet is not None:
            return self.row.calm is not None and self.row.calm.judges(self.kept.at)
        return any(verdict.judged for verdict in self.verdicts)

    @property
    def opened(self) -> bool:
        return any(verdict.opened for verdict in self.verdicts)


def record(tx: Transaction, shots: Mapping[int, Snapshot], policy: Policy) -> list[Recorded]:
    """Keep looks, by target, and all that follows: drops, decisions, refills, alerts, the next looks."""
    rows = targets.locked(tx, list(shots))
    quiet = {i: look for i, row in rows.items() if (look := _quiet(row, shots[i], policy))}
    groups = watched.of_targets(tx, [target_id for target_id in rows if target_id not in quiet])
    looks = [
        quiet.get(target_id) or _admitted(rows[target_id], shot, groups[target_id])
        for target_id, shot in shots.items()
    ]
    snapshots.add_all(tx, [(look.row.target_id, look.kept) for look in looks])
    looks = _under_mass_drops(tx, looks, policy.mass_drops)
    written = [_write(tx, look, policy.mass_drops.hold) for look in looks]
    after = [_after(tx, look, new, policy) for look, new in zip(looks, written, strict=True)]
    targets.looked(tx, seats_of(tx, after))
    return [Recorded(look.kept, new) for look, new in zip(looks, written, strict=True)]


def _quiet(row: TargetRow, shot: Snapshot, policy: Policy) -> _Look | None:
    """A look from which nothing can follow, told by what the last judged one has left; None for any other."""
    series, count, rest = row.series, shot.count, row.calm
    if rest is None or not count or shot.at >= rest.until or series.zero_seen:
        return None
    if (series.source, series.counted) != (shot.source, shot.counted) or shot.at <= (
        row.last_look_at or shot.at
    ):
        return None
    if shot.account not in {"", series.account} or count + series.shift < max(1, rest.count):
        return None
    kept, after = admit(shot, series)
    following = policy.cadence.unchanged(row.memo, kept.judged or 0, kept.at, row.lane, kept.source)
    return None if following is None else _Look(row, kept, after, (), quiet=following)


def _admitted(row: TargetRow, shot: Snapshot, group: tuple[Watched, ...]) -> _Look:
    """Admit a look to the target's series, and judge what it may judge."""
    shot = _in_order(shot, row)
    expected = expected_count(group, row.series.last_count, row.last_count_at, shot.at)
    kept, series = admit(shot, row.series, expected)
    judges = kept.judged is not None and not begins(row.series, series)
    verdicts = judge(group, kept.judged, kept.at) if judges and kept.judged is not None else ()
    return _Look(row, kept, series, group, verdicts)


def _in_order(snapshot: Snapshot, row: TargetRow) -> Snapshot:
    """A clock that was set back must not put a look before the one that was taken before it."""
    if row.last_look_at is None or snapshot.at > row.last_look_at:
        return snapshot
    return replace(snapshot, at=row.last_look_at + timedelta.resolution)


def _under_mass_drops(tx: Transaction, looks: Sequence[_Look], rule: MassDropRule) -> list[_Look]:
    """Count the judged looks in, and judge anew where it turns out that a mass drop is on."""
    judged = [look for look in looks if look.judged]
    kept_mass_drops.note_judged(
        tx,
        {look.row.target_id: look.kept.at for look in judged},
        {look.row.target_id for look in judged if look.opened},
    )
    latest: dict[Metric, _Look] = {}
    for look in judged:
        metric = look.row.target.metric
        if metric not in latest or latest[metric].kept.at < look.kept.at:
            latest[metric] = look
    on = {metric for metric, look in latest.items() if mass_drops.is_on(tx, metric, look.kept.at, rule)}
    return [_held(look) if look.verdicts and look.row.target.metric in on else look for look in looks]


def _held(look: _Look) -> _Look:
    count = look.kept.judged or 0
    return replace(look, verdicts=judge(look.group, count, look.kept.at, mass_drop=True))


def _write(tx: Transaction, look: _Look, hold: timedelta) -> tuple[Decision, ...]:
    if look.kept.judged is None or not look.verdicts:
        return ()
    pairs = zip(look.group, look.verdicts, strict=True)
    return tuple(d for w, v in pairs for d in aftermath.write(tx, w.order, v, look.kept.judged, hold))


def _after(tx: Transaction, look: _Look, decisions: tuple[Decision, ...], policy: Policy) -> Looked:
    """What a look leaves behind: what is known of the target, and when who looks again."""
    row, kept = look.row, look.kept
    absence = _absence(tx, row, kept)
    failures = telling.failures_after(row, kept)
    if look.quiet is not None:
        known = replace(row, series=look.series, absence=absence, failures=failures, told=None)
        return Looked(replace(known, memo=look.quiet.memo), kept, look.quiet, calm=row.calm)
    group = watched.of_target(tx, row.target_id) if decisions else _changed(look)
    seen = Seen(kept.outcome, failures, look.series.zero_seen, kept.judged, row.memo, row.lane, kept.source)
    following = policy.cadence.next_look(group, seen, kept.at)
    told = telling.tell_of_target(tx, row, kept, look.group, absence, failures)
    known = replace(row, series=look.series, absence=absence, failures=failures, told=told)
    routed = policy.router.after(known, kept, group) if policy.router else known
    memo = following.memo if following else ""
    return Looked(replace(routed, memo=memo), kept, following, calm=_calm(look, group))


def _calm(look: _Look, group: Sequence[Watched]) -> Calm | None:
    """How long, and down to which count, nothing can follow; only a look that was judged can tell."""
    if not look.verdicts or look.kept.judged is None:
        return None
    measured = [
        replace(w, settled_look=w.settled_look or v.judged) for w, v in zip(group, look.verdicts, strict=True)
    ]
    return calm(measured, look.kept.at, look.kept.judged)


def _absence(tx: Transaction, row: TargetRow, kept: Snapshot) -> Absence:
    """Whether the target is still there; what one target shows vouches for the source before others."""
    metric = row.target.metric
    if kept.count is not None:
        sources.note_read(tx, kept.source, metric, kept.at)
        return Absence()
    return observe(row.absence, kept.outcome, kept.at, sources.last_read(tx, kept.source, metric))


def _changed(look: _Look) -> Sequence[Watched]:
    """The watched orders after verdicts that decided nothing, as far as the next look depends on them."""
    if not look.verdicts:
        return look.group
    return [_judged(w, v) for w, v in zip(look.group, look.verdicts, strict=True)]


def _judged(watched_: Watched, verdict: Verdict) -> Watched:
    order = watched_.order
    if verdict.start_count is not None:
        order = replace(order, start_count=verdict.start_count, start_measured=True)
    if verdict.claim is None:
        return replace(watched_, order=order)
    drop = verdict.drop if verdict.drop is not None and verdict.drop.state.open else None
    return replace(watched_, order=order, drop=drop, asked=watched_.asked and not verdict.request_answered)
