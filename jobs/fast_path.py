"""Quiet looks: most looks change nothing, which the last judged one can tell beforehand."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from jobs.queue_position import seat
from monitor.cadence.schedule import Cadence, Lane
from monitor.cadence.virtual_time import VirtualClock
from monitor.evaluation.source_choice import ASK_AGAIN
from monitor.model.snapshot import Snapshot
from storage import cadence_stats, fast_path
from storage.engine import Transaction
from storage.fast_path import Passed, Resting, micros

_ASK_AGAIN = ASK_AGAIN // timedelta.resolution


def pass_by(tx: Transaction, shots: Mapping[int, Snapshot], cadence: Cadence) -> list[Passed]:
    """Keep those of the looks from which nothing can follow; all others are left to be judged.

    A look that shows other targets, too, is not among them: their seat is one.
    """
    counts = [target_id for target_id, shot in shots.items() if shot.count]
    rows = fast_path.resting(tx, counts) if counts and cadence.takes_notes else []
    names = Counter((row.source, row.together) for row in rows)
    clocks = {source: cadence_stats.clock(tx, source) for source in {row.source for row in rows}}
    passed = [
        look
        for row in rows
        if names[row.source, row.together] == 1
        and (look := _passed(row, shots[row.target_id], cadence, clocks[row.source])) is not None
    ]
    fast_path.keep(tx, passed)
    return passed


def _passed(row: Resting, shot: Snapshot, cadence: Cadence, clock: VirtualClock) -> Passed | None:
    at = micros(shot.at)
    if not (row.last_look_at < at < row.calm_until) or not _joins(row, shot):
        return None
    if not row.judged_from <= at < row.judged_until:  # before the first settles all rest until then
        return None
    if row.unread_since is not None and at - row.unread_since >= _ASK_AGAIN:
        return None
    shot = replace(shot, shift=row.shift) if row.shift else shot
    following = cadence.unchanged(row.memo, shot.judged or 0, shot.at, Lane(row.lane), row.source)
    if following is None or following.wish is None:
        return None
    return Passed(row, shot, following, seat(clock, following.wish))


def _joins(row: Resting, shot: Snapshot) -> bool:
    """Whether a count is of the series, and no lower than what leaves every order whole."""
    same = shot.source == row.source and shot.counted == row.counted
    known = shot.account in {"", row.account} and not shot.username
    return same and known and (shot.count or 0) + row.shift >= max(1, row.calm_least)
