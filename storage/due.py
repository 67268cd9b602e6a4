"""Due: which targets of a source are to be looked at next, and taking them for a request.

Whatever runs every few seconds here is a range of an index that ends after the rows it returns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, case, exists, func, null, or_, select, text, update

from monitor.cadence.schedule import Lane
from storage.column_types import AnyRow, AnySelect
from storage.schema import OPEN_DROP, OPEN_REFILL, drops, orders, refills, targets
from storage.targets import TargetRow, row_of

_t = targets.c
_SOURCE = _t.source == bindparam("source")
_FREE = or_(_t.taken_until.is_(None), _t.taken_until <= bindparam("now"))
"""Nobody is looking at it now; no index knows this, for only what is being looked at is passed over."""
_HEADS = (
    select(_t.target_id, _t.together, _t.stream, _t.virtual_due, _t.last_call_value, _t.next_due_at)
    .where(_SOURCE, _FREE)
    .limit(bindparam("limit"))
)
_APPOINTED = _HEADS.where(_t.lane == bindparam("lane"), _t.next_due_at <= bindparam("now")).order_by(
    _t.next_due_at
)
_CALLED = _HEADS.where(
    _t.last_call_slot == bindparam("slot"), _t.last_call_value >= bindparam("value")
).order_by(_t.last_call_value.desc())
_VIRTUAL = _HEADS.where(
    _t.stream == bindparam("stream"), _t.virtual_due.is_not(None), _t.rests_until <= bindparam("now")
).order_by(_t.virtual_due)
_NEXT_STREAM = (
    select(_t.stream)
    .where(_SOURCE, _t.virtual_due.is_not(None), _t.stream > bindparam("after"))
    .order_by(_t.stream)
    .limit(1)
)
_TOGETHER = (
    select(targets)
    .where(_SOURCE, _t.together.in_(bindparam("names", expanding=True)), _t.next_due_at.is_not(None), _FREE)
    .order_by(_t.target_id)
    .with_for_update(skip_locked=True)
)
_PUSH = update(targets).where(_t.target_id == bindparam("id")).values(taken_until=bindparam("until"))
_ENDED = (
    select(_t.target_id)
    .where(_t.virtual_due.is_not(None), _t.over_at <= bindparam("now"), _t.source.is_not(None))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_ORDER_OF_IT = orders.c.target_id == _t.target_id
_UNDER_WAY = or_(
    exists().where(_ORDER_OF_IT, drops.c.order_id == orders.c.order_id, text(f"drops.{OPEN_DROP}")),
    exists().where(_ORDER_OF_IT, refills.c.order_id == orders.c.order_id, text(f"refills.{OPEN_REFILL}")),
)
"""A drop that outlives its guarantee, or a refill that waits for a public profile."""
_LET_GO = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        virtual_due=None,
        last_call_slot=None,
        next_due_at=case(
            (_UNDER_WAY, bindparam("at", type_=_t.next_due_at.type)),
            (_t.lane == int(Lane.LONGEST), null()),
            else_=_t.next_due_at,
        ),
        lane=case((_UNDER_WAY, int(Lane.ROUTINE)), else_=_t.lane),
    )
)
_NOW = bindparam("now", type_=_t.next_due_at.type)
_AHEAD = bindparam("ahead", type_=_t.next_due_at.type)
_SET_RIGHT = (
    update(targets)
    .where(
        or_(
            _t.last_look_at > _AHEAD,
            _t.taken_until > _AHEAD,
            and_(_t.next_due_at.is_(None), _t.over_at > _NOW),
        )
    )
    .values(
        next_due_at=_NOW,
        lane=int(Lane.ROUTINE),
        why="the clock was ahead",
        last_look_at=case((_t.last_look_at > _NOW, _NOW), else_=_t.last_look_at),
        last_count_at=case((_t.last_count_at > _NOW, _NOW), else_=_t.last_count_at),
        virtual_due=None,
        last_call_slot=None,
        taken_until=None,
        calm_until=None,
        memo="",
    )
)
_WATCHED = select(func.count()).select_from(
    select(_t.target_id).where(_SOURCE, _t.next_due_at.is_not(None)).limit(bindparam("most")).subquery()
)

_NEXT = select(func.min(_t.next_due_at)).where(
    _SOURCE, _t.lane == bindparam("lane"), _t.next_due_at > bindparam("now")
)
_WAKES = select(func.min(_t.rests_until)).where(
    _SOURCE, _t.virtual_due.is_not(None), _t.rests_until > bindparam("now")
)


@dataclass(frozen=True, slots=True)
class Head:
    """A target at the head of a queue, and what has to be asked for to see it."""

    target_id: int
    together: str
    stream: str
    virtual_due: float | None
    call_value: float | None
    due_at: datetime | None = None


def appointed(connection: Connection, source: str, lane: Lane, now: datetime, limit: int) -> list[Head]:
    """Targets of a lane whose time has come, the longest overdue first."""
    query = {"source": source, "lane": int(lane), "now": now, "limit": limit}
    return _heads(connection, _APPOINTED, query)


def called(
    connection: Connection, source: str, slot: int, value: float, now: datetime, limit: int
) -> list[Head]:
    """Targets whose last call is in a slot and worth at least so much, the most valuable first."""
    return _heads(
        connection, _CALLED, {"source": source, "slot": slot, "value": value, "now": now, "limit": limit}
    )


def virtual(connection: Connection, source: str, stream: str, now: datetime, limit: int) -> list[Head]:
    """Targets of a stream in the order of their virtual due values; those at rest are passed over."""
    query = {"source": source, "stream": stream, "now": now, "limit": limit}
    return _heads(connection, _VIRTUAL, query)


def streams(connection: Connection, source: str) -> list[str]:
    """The streams that a source has targets in, each found by one step in the index."""
    found: list[str] = []
    while (
        name := connection.execute(
            _NEXT_STREAM, {"source": source, "after": found[-1] if found else ""}
        ).scalar()
    ) is not None:
        found.append(name)
    return found


def _heads(connection: Connection, query: AnySelect, values: dict[str, object]) -> list[Head]:
    if not values["limit"]:
        return []
    return [Head(*row) for row in connection.execute(query, values)]


def together(connection: Connection, source: str, names: Sequence[str], now: datetime) -> list[TargetRow]:
    """The watched targets that requests of these names would show, locked; not those in other hands."""
    if not names:
        return []
    rows: Iterable[AnyRow] = connection.execute(
        _TOGETHER, {"source": source, "names": list(names), "now": now}
    )
    return [row_of(row) for row in rows]


def push(connection: Connection, target_ids: Iterable[int], until: datetime) -> None:
    """Have targets passed over while they are looked at: a look that never comes back happens again then."""
    rows = [{"id": target_id, "until": until} for target_id in target_ids]
    if rows:
        connection.execute(_PUSH, rows)


def let_go(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Take targets out of the virtual queue whose last guarantee is over; gives how many.

    Where a drop or a refill is open the target is looked at once more by date. Those in other hands are left
    for the next time: who waits for one with others in hand may block a judge.
    """
    ended = list(connection.execute(_ENDED, {"now": now, "limit": limit}).scalars())
    if ended:
        connection.execute(_LET_GO, [{"id": target_id, "at": now} for target_id in ended])
    return len(ended)


def set_right(connection: Connection, now: datetime, margin: timedelta) -> int:
    """Have everything looked at anew that a clock which was ahead has looked at or let go; gives how much."""
    values = {"now": now, "ahead": now + margin}
    return connection.execute(_SET_RIGHT, values).rowcount


def next_after(connection: Connection, source: str, now: datetime) -> datetime | None:
    """When a target of a source is due next, or has rested enough, after now; None where none is.

    It reads the whole virtual queue: no index serves the rests, and only a simulation asks for them.
    """
    times = [
        connection.execute(_NEXT, {"source": source, "now": now, "lane": int(lane)}).scalar() for lane in Lane
    ]
    times.append(connection.execute(_WAKES, {"source": source, "now": now}).scalar())
    return min((at for at in times if at is not None), default=None)


def watched_by(connection: Connection, source: str, most: int) -> int:
    """How many targets a source has to look at; more than `most` are not counted."""
    number: int = connection.execute(_WATCHED, {"source": source, "most": most}).scalar_one()
    return number
