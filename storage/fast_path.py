"""Quiet looks: those from which nothing can follow are most of all looks, and are kept with least ado.

Times are whole microseconds here, as the database has them, and only what such a look changes is written.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    insert,
    literal_column,
    null,
    select,
    type_coerce,
    update,
)

from monitor.cadence.schedule import NextLook, Priority, QueuePosition
from monitor.model.snapshot import Outcome, Snapshot
from storage.bulk import execute_many
from storage.schema import snapshots, targets

_t = targets.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _raw(*names: str) -> list[object]:
    return [type_coerce(_t[name], BigInteger).label(name) for name in names]


_RESTING = (
    select(
        _t.target_id, _t.source, _t.request_key, _t.count_kind, _t.account, _t.count_offset, _t.cadence_state,
        _t.priority, _t.noop_min_count,
        *_raw("noop_until", "judged_from", "judged_until", "last_look_at", "unseen_since"),
    )
    .where(
        _t.target_id.in_(bindparam("target_ids", expanding=True)),
        _t.noop_until.is_not(None),
        _t.series_source == _t.source,
        _t.last_outcome == Outcome.COUNT,
        _t.notified_problem.is_(None),
        _t.username_now.is_(None),
        ~_t.zero_seen,
    )
    .order_by(_t.target_id)
    .with_for_update()
)  # fmt: skip
_INTEGERS = (
    "next_due_at", "last_look_at", "last_count", "last_count_at", "judged_at", "not_before",
    "coverage_ends_at", "final_look_slot",
)  # fmt: skip
_PASSED = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        {name: bindparam(name, type_=BigInteger()) for name in _INTEGERS}
        | {
            name: bindparam(name)
            for name in ("virtual_due", "service_queue", "final_look_value", "cadence_state", "due_reason")
        }
        | {"priority": literal_column(str(int(Priority.MAX_INTERVAL))), "claimed_until": null()}
    )
)
_KEEP = insert(snapshots).values(
    target_id=bindparam("id"),
    at=bindparam("last_look_at", type_=BigInteger()),
    outcome=literal_column(f"'{Outcome.COUNT}'"),
    count=bindparam("count"),
    source=bindparam("source"),
    count_kind=bindparam("count_kind"),
    detail=bindparam("detail"),
    count_offset=bindparam("count_offset"),
)


class FastPathState(NamedTuple):
    """A target at rest: what its last judged look has left, as far as a quiet look depends on it."""

    target_id: int
    source: str
    request_key: str
    count_kind: str
    account: str | None
    count_offset: int
    cadence_state: str
    priority: int
    noop_min_count: int
    noop_until: int
    judged_from: int
    judged_until: int
    last_look_at: int
    unseen_since: int | None
    """Since when another source has not found it."""


def fast_path_states(connection: Connection, target_ids: Sequence[int]) -> list[FastPathState]:
    """Those of the targets that are at rest, and in no trouble; locked."""
    return [FastPathState._make(row) for row in connection.execute(_RESTING, {"target_ids": target_ids})]


class FastPathLook(NamedTuple):
    """A quiet look: a count, its target as it was, and where the target sits from now on."""

    target: FastPathState
    snapshot: Snapshot
    following: NextLook
    queue_position: QueuePosition


def micros(at: datetime) -> int:
    """A time as the database has it."""
    return (at - _EPOCH) // timedelta.resolution


def save_looks(connection: Connection, looks: Sequence[FastPathLook]) -> None:
    """Keep quiet looks, and put their targets back into the queue."""
    if looks:
        rows = [_row(look) for look in looks]
        execute_many(connection, _KEEP, rows)
        execute_many(connection, _PASSED, rows)


def _row(look: FastPathLook) -> dict[str, object]:
    shot, queue_position, target = look.snapshot, look.queue_position, look.target
    at = micros(shot.at)
    return {
        "id": target.target_id,
        "count": shot.count,
        "source": shot.source,
        "count_kind": shot.count_kind,
        "detail": shot.detail,
        "count_offset": target.count_offset,
        "next_due_at": micros(look.following.at),
        "last_look_at": at,
        "last_count": shot.judged,
        "last_count_at": at,
        "judged_at": at,
        "not_before": micros(queue_position.not_before),
        "coverage_ends_at": None
        if queue_position.coverage_ends_at is None
        else micros(queue_position.coverage_ends_at),
        "final_look_slot": queue_position.final_look.slot if queue_position.final_look else None,
        "final_look_value": queue_position.final_look.value if queue_position.final_look else None,
        "virtual_due": queue_position.due,
        "service_queue": queue_position.service_queue,
        "cadence_state": look.following.cadence_state,
        "due_reason": look.following.due_reason,
    }
