"""Quiet looks: most looks change nothing, which the last judged one can tell beforehand."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from jobs.queue_position import queue_position
from monitor.cadence.schedule import Cadence, Priority
from monitor.cadence.virtual_time import VirtualTime
from monitor.evaluation.source_choice import RETRY_AFTER
from monitor.model.snapshot import Snapshot
from storage import cadence_stats, fast_path
from storage.engine import Transaction
from storage.fast_path import FastPathLook, FastPathState, micros

_ASK_AGAIN = RETRY_AFTER // timedelta.resolution


def record_fast(
    tx: Transaction, shots: Mapping[int, Snapshot], cadence: Cadence | None
) -> list[FastPathLook]:
    """Keep those of the looks from which nothing can follow; all others are left to be judged.

    A look that shows other targets, too, is not among them: their seat is one.
    """
    counts = [target_id for target_id, shot in shots.items() if shot.count]
    if cadence is None or not cadence.keeps_state or not counts:
        return []
    rows = fast_path.fast_path_states(tx, counts)
    names = Counter((row.source, row.request_key) for row in rows)
    clocks = {source: cadence_stats.virtual_time(tx, source) for source in {row.source for row in rows}}
    passed = [
        look
        for row in rows
        if names[row.source, row.request_key] == 1
        and (look := _passed(row, shots[row.target_id], cadence, clocks[row.source])) is not None
    ]
    fast_path.keep(tx, passed)
    return passed


def _passed(row: FastPathState, shot: Snapshot, cadence: Cadence, clock: VirtualTime) -> FastPathLook | None:
    at = micros(shot.at)
    if not (row.last_look_at < at < row.noop_until) or not _joins(row, shot):
        return None
    if not row.judged_from <= at < row.judged_until:  # before the first settles all rest until then
        return None
    if row.unseen_since is not None and at - row.unseen_since >= _ASK_AGAIN:
        return None
    shot = replace(shot, count_offset=row.count_offset) if row.count_offset else shot
    following = cadence.next_look_after_noop(
        row.cadence_state, shot.judged or 0, shot.at, Priority(row.priority), row.source
    )
    if following is None or following.schedule_request is None:
        return None
    return FastPathLook(row, shot, following, queue_position(clock, following.schedule_request))


def _joins(row: FastPathState, shot: Snapshot) -> bool:
    """Whether a count is of the series, and no lower than what leaves every order whole."""
    same = shot.source == row.source and shot.count_kind == row.count_kind
    known = shot.account in {"", row.account} and not shot.username
    return same and known and (shot.count or 0) + row.count_offset >= max(1, row.noop_min_count)
