"""Thinning of snapshots: at most one pass over all targets a day, in small batches.

A pass thins the snapshots from the end of the pass before it (`thinned_until`) up to a time that is fixed
when it begins (`thinning_until`). It reads targets in the order of their ids, and each snapshot once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple, TypeAlias

from sqlalchemy import BindParameter, Column, Connection, bindparam, delete, select, union, update

from monitor.model.instants import EPOCH
from monitor.model.snapshot import Outcome
from monitor.retention.thinning import PastLook, superfluous
from storage.column_types import AnySelect
from storage.engine import advisory_lock, insert_into
from storage.operating_days import day_of
from storage.retention_tables import retention_progress
from storage.schema import decisions, drops, order_corrections, orders, reviews, snapshots, targets

KIND = "snapshots"
_p = retention_progress.c
_s = snapshots.c
_t = targets.c
_IDS: BindParameter[int] = bindparam("target_ids", expanding=True)
_START = bindparam("start", type_=_s.at.type)
_UNTIL = bindparam("until", type_=_s.at.type)
_PASS = select(_p.last_key, _p.thinned_until, _p.thinning_until, _p.thinning_at).where(_p.kind == KIND)
_NEXT_TARGETS = select(_t.target_id).where(_t.target_id > bindparam("last")).order_by(_t.target_id)
_LOOKS = (
    select(_s.target_id, _s.at, _s.outcome)
    .where(_s.target_id.in_(_IDS), _s.at >= _START, _s.at < _UNTIL)
    .order_by(_s.target_id, _s.at)
    .limit(bindparam("limit"))
)
_DELETE = delete(snapshots).where(
    _s.target_id == bindparam("id"), _s.at >= bindparam("first"), _s.at <= bindparam("last")
)
_OF_ORDERS = (
    *(orders.c[name] for name in ("settled_look_at", "counted_at", "base_at")),
    *(drops.c[name] for name in ("opened_at", "confirmed_at", "closed_at")),
    *(decisions.c.at, reviews.c.opened_at, order_corrections.c.at),
)
"""The columns that refer to a look by its time, in tables with an order."""
_OF_TARGETS = ("last_look_at", "last_count_at", "judged_at", "drop_opened_at", "private_since", "gone_at")


def _times(column: Column[datetime]) -> AnySelect:
    query = select(orders.c.target_id, column.label("at")).where(orders.c.target_id.in_(_IDS))
    if column.table is not orders:
        query = query.join(orders, orders.c.order_id == column.table.c.order_id)
    return query.where(column >= _START, column < _UNTIL)


_TIMES_OF_ORDERS = union(*map(_times, _OF_ORDERS))
_TIMES_OF_TARGETS = select(_t.target_id, _t.absent_since, *(_t[name] for name in _OF_TARGETS)).where(
    _t.target_id.in_(_IDS)
)


_Range: TypeAlias = dict[str, object]


class _StoredLook(NamedTuple):
    target_id: int
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Pass:
    """How far thinning has come."""

    last_key: int = 0
    """Targets up to this id are thinned; the one with this id only up to `thinning_at`, if that is set."""
    thinned_until: datetime = EPOCH
    """Snapshots before this time are thinned."""
    thinning_until: datetime | None = None
    """Snapshots before this time are thinned when the pass is at its end; None between two passes."""
    thinning_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is deleted next. It is read before the transaction that deletes, which is short in this way."""

    begins: _Pass
    ends: _Pass
    ranges: Sequence[_Range]
    """Targets with the first and last of some looks that follow each other, all superfluous."""
    number: int
    """Looks in these ranges."""


def begin_pass(connection: Connection, until: datetime) -> None:
    """Begin a pass up to a time, unless one is under way or all snapshots before that time are thinned."""
    advisory_lock(connection, "refilld retention snapshots")
    last = _stored(connection)
    if last is None:
        _save(connection, _Pass(thinning_until=until), new=True)
    elif last.thinning_until is None and last.thinned_until < until:
        _save(connection, _Pass(thinned_until=last.thinned_until, thinning_until=until))


def next_batch(connection: Connection, target_limit: int, look_limit: int) -> Batch | None:
    """Read the next looks of the pass, and what is superfluous among them; None between two passes."""
    now = _stored(connection)
    if now is None or now.thinning_until is None:
        return None
    if now.thinning_at is not None:
        ids, start = [now.last_key], now.thinning_at
    else:
        ids, start = _next_targets(connection, now.last_key, target_limit), now.thinned_until
    if not ids:
        return Batch(now, _Pass(thinned_until=now.thinning_until), (), 0)
    span = {"target_ids": ids, "start": start, "until": now.thinning_until}
    looks = [_StoredLook._make(row) for row in connection.execute(_LOOKS, span | {"limit": look_limit})]
    ranges, number = _superfluous(connection, looks, span) if looks else ((), 0)
    last = looks[-1] if len(looks) == look_limit else None
    reached = (ids[-1], None) if last is None else (last.target_id, _resume_at(last.at, start))
    return Batch(now, _Pass(reached[0], now.thinned_until, now.thinning_until, reached[1]), ranges, number)


def delete_batch(connection: Connection, batch: Batch) -> int:
    """Delete what a batch found; return the number, 0 if another process was faster."""
    advisory_lock(connection, "refilld retention snapshots")
    if _stored(connection) != batch.begins:
        return 0
    if batch.ranges:
        connection.execute(_DELETE, list(batch.ranges))
    _save(connection, batch.ends)
    return batch.number


def _resume_at(last: datetime, start: datetime) -> datetime:
    """Where a target continues after a look: at the beginning of its day, which may have more looks."""
    day = day_of(last)
    return day if day > start else last


def _next_targets(connection: Connection, last: int, limit: int) -> list[int]:
    return list(connection.execute(_NEXT_TARGETS.limit(limit), {"last": last}).scalars())


def _superfluous(
    connection: Connection, looks: Sequence[_StoredLook], span: dict[str, object]
) -> tuple[Sequence[_Range], int]:
    """Return what is superfluous among looks that follow each other, as ranges, and its number."""
    needed: defaultdict[int, set[datetime]] = defaultdict(set)
    for target_id, at in connection.execute(_TIMES_OF_ORDERS, span):
        needed[target_id].add(at)
    absent_since = {}
    for target_id, absent, *times in connection.execute(_TIMES_OF_TARGETS, span):
        absent_since[target_id] = absent
        needed[target_id].update(at for at in (absent, *times) if at is not None)
    number = 0
    ranges: list[_Range] = []
    for target_id, group in groupby(looks, key=lambda look: look.target_id):
        past = [PastLook(look.at, look.outcome) for look in group]
        doomed = set(superfluous(past, needed[target_id], absent_since[target_id]))
        number += len(doomed)
        ranges += [{"id": target_id, "first": run[0], "last": run[-1]} for run in _runs(past, doomed)]
    return ranges, number


def _runs(past: Sequence[PastLook], doomed: set[datetime]) -> Iterator[list[datetime]]:
    """The doomed looks without a kept one between them."""
    for is_doomed, run in groupby((look.at for look in past), key=doomed.__contains__):
        if is_doomed:
            yield list(run)


def _stored(connection: Connection) -> _Pass | None:
    row = connection.execute(_PASS).one_or_none()
    if row is None:
        return None
    return _Pass(row.last_key, row.thinned_until or EPOCH, row.thinning_until, row.thinning_at)


def _save(connection: Connection, reached: _Pass, *, new: bool = False) -> None:
    if new:
        row = insert_into(connection, retention_progress).values(kind=KIND, **asdict(reached))
        connection.execute(row)
    else:
        connection.execute(update(retention_progress).where(_p.kind == KIND).values(**asdict(reached)))
