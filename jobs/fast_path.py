"""Fast path: looks within the noop bounds are saved without loading orders."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from jobs.queue_position import queue_position
from monitor.cadence.schedule import Cadence, Priority
from monitor.cadence.virtual_time import VirtualTime
from monitor.evaluation.source_choice import RETRY_AFTER
from monitor.model.snapshot import Snapshot
from storage import cadence_stats, fast_path
from storage.column_types import microseconds
from storage.engine import Transaction
from storage.fast_path import FastPathLook, FastPathState

_RETRY_MICROS = RETRY_AFTER // timedelta.resolution


def record_fast(
    tx: Transaction, snapshots: Mapping[int, Snapshot], cadence: Cadence | None
) -> list[FastPathLook]:
    """Save the looks that change nothing, and return them; the caller evaluates all others.

    Looks that share a request are left to the caller, because their targets share a queue position.
    """
    counts = [target_id for target_id, snapshot in snapshots.items() if snapshot.count]
    if cadence is None or not cadence.keeps_state or not counts:
        return []
    states = fast_path.fast_path_states(tx, counts)
    shared = fast_path.shared_requests(tx, list(snapshots)) if len(snapshots) > 1 else set()
    virtual_times = {
        source: cadence_stats.virtual_time(tx, source) for source in {state.source for state in states}
    }
    looks = [
        look
        for state in states
        if (state.source, state.request_key) not in shared
        and (look := _fast_look(state, snapshots[state.target_id], cadence, virtual_times[state.source]))
        is not None
    ]
    fast_path.save_looks(tx, looks)
    return looks


def _fast_look(
    state: FastPathState, snapshot: Snapshot, cadence: Cadence, virtual_time: VirtualTime
) -> FastPathLook | None:
    at = microseconds(snapshot.at)
    if not (state.last_look_at < at < state.noop_until) or not _within_bounds(state, snapshot):
        return None
    # Outside of this time no order is active: the count is not judged, and its next look depends on more.
    if not state.judged_from <= at < state.judged_until:
        return None
    if state.unseen_since is not None and at - state.unseen_since >= _RETRY_MICROS:
        return None
    snapshot = replace(snapshot, count_offset=state.count_offset) if state.count_offset else snapshot
    following = cadence.next_look_after_noop(
        state.cadence_state, snapshot.judged or 0, snapshot.at, Priority(state.priority), state.source
    )
    if following is None or following.schedule_request is None:
        return None
    return FastPathLook(state, snapshot, following, queue_position(virtual_time, following.schedule_request))


def _within_bounds(state: FastPathState, snapshot: Snapshot) -> bool:
    """Whether a count belongs to the series and is not below the noop bounds."""
    same_series = snapshot.source == state.source and snapshot.count_kind == state.count_kind
    same_account = (
        snapshot.account in {"", state.account}
        and snapshot.source_account in {"", state.source_account}
        and not snapshot.username
    )
    return (
        same_series
        and same_account
        and (snapshot.count or 0) + state.count_offset >= max(1, state.noop_min_count)
    )
