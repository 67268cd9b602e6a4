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

from monitor.cadence.schedule import Lane, NextLook, Seat
from monitor.model.snapshot import Outcome, Snapshot
from storage.bulk import execute_many
from storage.schema import snapshots, targets

_t = targets.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _raw(*names: str) -> list[object]:
    return [type_coerce(_t[name], BigInteger).label(name) for name in names]


_RESTING = (
    select(
        _t.target_id, _t.source, _t.together, _t.counted, _t.account, _t.shift, _t.memo,
        _t.lane, _t.calm_least,
        *_raw("calm_until", "judged_from", "judged_until", "last_look_at", "unread_since"),
    )
    .where(
        _t.target_id.in_(bindparam("target_ids", expanding=True)),
        _t.calm_until.is_not(None),
        _t.counted_by == _t.source,
        _t.last_outcome == Outcome.COUNT,
        _t.told.is_(None),
        _t.username_now.is_(None),
        ~_t.zero_seen,
    )
    .order_by(_t.target_id)
    .with_for_update()
)  # fmt: skip
_INTEGERS = (
    "next_due_at", "last_look_at", "last_count", "last_count_at", "judged_at", "rests_until", "over_at",
    "last_call_slot",
)  # fmt: skip
_PASSED = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        {name: bindparam(name, type_=BigInteger()) for name in _INTEGERS}
        | {name: bindparam(name) for name in ("virtual_due", "stream", "last_call_value", "memo", "why")}
        | {"lane": literal_column(str(int(Lane.LONGEST))), "taken_until": null()}
    )
)
_KEEP = insert(snapshots).values(
    target_id=bindparam("id"),
    at=bindparam("last_look_at", type_=BigInteger()),
    outcome=literal_column(f"'{Outcome.COUNT}'"),
    count=bindparam("count"),
    source=bindparam("source"),
    counted=bindparam("counted"),
    detail=bindparam("detail"),
    shift=bindparam("shift"),
)


class Resting(NamedTuple):
    """A target at rest: what its last judged look has left, as far as a quiet look depends on it."""

    target_id: int
    source: str
    together: str
    counted: str
    account: str | None
    shift: int
    memo: str
    lane: int
    calm_least: int
    calm_until: int
    judged_from: int
    judged_until: int
    last_look_at: int
    unread_since: int | None
    """Since when another source has not found it."""


def resting(connection: Connection, target_ids: Sequence[int]) -> list[Resting]:
    """Those of the targets that are at rest, and in no trouble; locked."""
    return [Resting._make(row) for row in connection.execute(_RESTING, {"target_ids": target_ids})]


class Passed(NamedTuple):
    """A quiet look: a count, its target as it was, and where the target sits from now on."""

    target: Resting
    snapshot: Snapshot
    following: NextLook
    seat: Seat


def micros(at: datetime) -> int:
    """A time as the database has it."""
    return (at - _EPOCH) // timedelta.resolution


def keep(connection: Connection, looks: Sequence[Passed]) -> None:
    """Keep quiet looks, and put their targets back into the queue."""
    if looks:
        rows = [_row(look) for look in looks]
        execute_many(connection, _KEEP, rows)
        execute_many(connection, _PASSED, rows)


def _row(look: Passed) -> dict[str, object]:
    shot, seat, target = look.snapshot, look.seat, look.target
    at = micros(shot.at)
    return {
        "id": target.target_id,
        "count": shot.count,
        "source": shot.source,
        "counted": shot.counted,
        "detail": shot.detail,
        "shift": target.shift,
        "next_due_at": micros(look.following.at),
        "last_look_at": at,
        "last_count": shot.judged,
        "last_count_at": at,
        "judged_at": at,
        "rests_until": micros(seat.rests_until),
        "over_at": None if seat.over_at is None else micros(seat.over_at),
        "last_call_slot": seat.call.slot if seat.call else None,
        "last_call_value": seat.call.value if seat.call else None,
        "virtual_due": seat.due,
        "stream": seat.stream,
        "memo": look.following.memo,
        "why": look.following.why,
    }
