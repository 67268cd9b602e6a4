"""Fast path: save looks that change nothing, with as few columns as possible.

Most looks are of this kind. Times are integers here, in microseconds as in the database.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    func,
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
from storage.column_types import microseconds
from storage.schema import snapshots, targets

_t = targets.c


def _raw(*names: str) -> list[object]:
    return [type_coerce(_t[name], BigInteger).label(name) for name in names]


_SELECT_STATES = (
    select(
        _t.target_id, _t.source, _t.request_key, _t.count_kind, _t.account, _t.source_account,
        _t.count_offset, _t.cadence_state, _t.priority,
        *_raw("noop_min_count", "noop_until", "judged_from", "judged_until", "last_look_at", "unseen_since"),
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
_SELECT_SHARED = (
    select(_t.source, _t.request_key)
    .where(_t.target_id.in_(bindparam("target_ids", expanding=True)))
    .group_by(_t.source, _t.request_key)
    .having(func.count() > 1)
)
_INTEGERS = (
    "next_due_at", "last_look_at", "last_count", "last_count_at", "judged_at", "not_before",
    "coverage_ends_at", "final_look_slot",
)  # fmt: skip
_UPDATE_TARGET = (
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
_INSERT_SNAPSHOT = insert(snapshots).values(
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
    """A target with noop bounds, as far as a fast-path look depends on it."""

    target_id: int
    source: str
    request_key: str
    count_kind: str
    account: str | None
    source_account: str | None
    count_offset: int
    cadence_state: str
    priority: int
    noop_min_count: int
    noop_until: int
    judged_from: int
    judged_until: int
    last_look_at: int
    unseen_since: int | None
    """Since when a source has not found the target."""


def fast_path_states(connection: Connection, target_ids: Sequence[int]) -> list[FastPathState]:
    """Return those of the targets that have noop bounds and no target problem; locked."""
    return [
        FastPathState._make(row) for row in connection.execute(_SELECT_STATES, {"target_ids": target_ids})
    ]


def shared_requests(connection: Connection, target_ids: Sequence[int]) -> set[tuple[str, str]]:
    """Source and key of each request that more than one of these targets share."""
    return {tuple(row) for row in connection.execute(_SELECT_SHARED, {"target_ids": target_ids})}


class FastPathLook(NamedTuple):
    """A look to save: its target before it, the snapshot, the next look and the queue position."""

    target: FastPathState
    snapshot: Snapshot
    next_look: NextLook
    queue_position: QueuePosition


def save_looks(connection: Connection, looks: Sequence[FastPathLook]) -> None:
    """Save looks, and put their targets back into the virtual queue."""
    if looks:
        rows = [_row(look) for look in looks]
        execute_many(connection, _INSERT_SNAPSHOT, rows)
        execute_many(connection, _UPDATE_TARGET, rows)


def _row(look: FastPathLook) -> dict[str, object]:
    snapshot, queue_position, target = look.snapshot, look.queue_position, look.target
    at = microseconds(snapshot.at)
    return {
        "id": target.target_id,
        "count": snapshot.count,
        "source": snapshot.source,
        "count_kind": snapshot.count_kind,
        "detail": snapshot.detail,
        "count_offset": target.count_offset,
        "next_due_at": microseconds(look.next_look.at),
        "last_look_at": at,
        "last_count": snapshot.judged,
        "last_count_at": at,
        "judged_at": at,
        "not_before": microseconds(queue_position.not_before),
        "coverage_ends_at": None
        if queue_position.coverage_ends_at is None
        else microseconds(queue_position.coverage_ends_at),
        "final_look_slot": queue_position.final_look.slot if queue_position.final_look else None,
        "final_look_value": queue_position.final_look.value if queue_position.final_look else None,
        "virtual_due": queue_position.due,
        "service_queue": queue_position.service_queue,
        "cadence_state": look.next_look.cadence_state,
        "due_reason": look.next_look.due_reason,
    }
