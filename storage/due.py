"""Due: which targets of a source are to be looked at next, and taking them for a request.

Whatever runs every few seconds here is a range of an index that ends after the rows it returns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, case, exists, func, null, or_, select, text, update

from monitor.cadence.schedule import Priority
from monitor.evaluation.target_state import TargetState
from storage.column_types import AnyRow, AnySelect
from storage.schema import OPEN_DROP, OPEN_REFILL, drops, orders, refills, targets
from storage.targets import state_of

_t = targets.c
_SOURCE = _t.source == bindparam("source")
_FREE = or_(_t.claimed_until.is_(None), _t.claimed_until <= bindparam("now"))
"""Nobody is looking at it now; no index knows this, for only what is being looked at is passed over."""
_HEADS = (
    select(
        _t.target_id, _t.request_key, _t.service_queue, _t.virtual_due, _t.final_look_value, _t.next_due_at
    )
    .where(_SOURCE, _FREE)
    .limit(bindparam("limit"))
)
_APPOINTED = _HEADS.where(_t.priority == bindparam("priority"), _t.next_due_at <= bindparam("now")).order_by(
    _t.next_due_at
)
_CALLED = _HEADS.where(
    _t.final_look_slot == bindparam("slot"), _t.final_look_value >= bindparam("value")
).order_by(_t.final_look_value.desc())
_VIRTUAL = _HEADS.where(
    _t.service_queue == bindparam("service_queue"),
    _t.virtual_due.is_not(None),
    _t.not_before <= bindparam("now"),
).order_by(_t.virtual_due)
_NEXT_STREAM = (
    select(_t.service_queue)
    .where(_SOURCE, _t.virtual_due.is_not(None), _t.service_queue > bindparam("after"))
    .order_by(_t.service_queue)
    .limit(1)
)
_TOGETHER = (
    select(targets)
    .where(
        _SOURCE, _t.request_key.in_(bindparam("names", expanding=True)), _t.next_due_at.is_not(None), _FREE
    )
    .order_by(_t.target_id)
    .with_for_update(skip_locked=True)
)
_PUSH = update(targets).where(_t.target_id == bindparam("id")).values(claimed_until=bindparam("until"))
_ENDED = (
    select(_t.target_id)
    .where(_t.virtual_due.is_not(None), _t.coverage_ends_at <= bindparam("now"), _t.source.is_not(None))
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
        final_look_slot=None,
        next_due_at=case(
            (_UNDER_WAY, bindparam("at", type_=_t.next_due_at.type)),
            (_t.priority == int(Priority.MAX_INTERVAL), null()),
            else_=_t.next_due_at,
        ),
        priority=case((_UNDER_WAY, int(Priority.ROUTINE)), else_=_t.priority),
    )
)
_NOW = bindparam("now", type_=_t.next_due_at.type)
_AHEAD = bindparam("ahead", type_=_t.next_due_at.type)
_SET_RIGHT = (
    update(targets)
    .where(
        or_(
            _t.last_look_at > _AHEAD,
            _t.claimed_until > _AHEAD,
            and_(_t.next_due_at.is_(None), _t.coverage_ends_at > _NOW),
        )
    )
    .values(
        next_due_at=_NOW,
        priority=int(Priority.ROUTINE),
        due_reason="the clock was ahead",
        last_look_at=case((_t.last_look_at > _NOW, _NOW), else_=_t.last_look_at),
        last_count_at=case((_t.last_count_at > _NOW, _NOW), else_=_t.last_count_at),
        virtual_due=None,
        final_look_slot=None,
        claimed_until=None,
        noop_until=None,
        cadence_state="",
    )
)
_WATCHED = select(func.count()).select_from(
    select(_t.target_id).where(_SOURCE, _t.next_due_at.is_not(None)).limit(bindparam("most")).subquery()
)

_NEXT = select(func.min(_t.next_due_at)).where(
    _SOURCE, _t.priority == bindparam("priority"), _t.next_due_at > bindparam("now")
)
_WAKES = select(func.min(_t.not_before)).where(
    _SOURCE, _t.virtual_due.is_not(None), _t.not_before > bindparam("now")
)


@dataclass(frozen=True, slots=True)
class DueTarget:
    """A target at the head of a queue, and what has to be asked for to see it."""

    target_id: int
    request_key: str
    service_queue: str
    virtual_due: float | None
    final_look_value: float | None
    due_at: datetime | None = None


def due_by_date(
    connection: Connection, source: str, priority: Priority, now: datetime, limit: int
) -> list[DueTarget]:
    """Targets of a lane whose time has come, the longest overdue first."""
    query = {"source": source, "priority": int(priority), "now": now, "limit": limit}
    return _due_targets(connection, _APPOINTED, query)


def final_looks(
    connection: Connection, source: str, slot: int, value: float, now: datetime, limit: int
) -> list[DueTarget]:
    """Targets whose last call is in a slot and worth at least so much, the most valuable first."""
    return _due_targets(
        connection, _CALLED, {"source": source, "slot": slot, "value": value, "now": now, "limit": limit}
    )


def by_virtual_time(
    connection: Connection, source: str, service_queue: str, now: datetime, limit: int
) -> list[DueTarget]:
    """Targets of a stream in the order of their virtual due values; those at rest are passed over."""
    query = {"source": source, "service_queue": service_queue, "now": now, "limit": limit}
    return _due_targets(connection, _VIRTUAL, query)


def service_queues(connection: Connection, source: str) -> list[str]:
    """The streams that a source has targets in, each found by one step in the index."""
    found: list[str] = []
    while (
        name := connection.execute(
            _NEXT_STREAM, {"source": source, "after": found[-1] if found else ""}
        ).scalar()
    ) is not None:
        found.append(name)
    return found


def _due_targets(connection: Connection, query: AnySelect, values: dict[str, object]) -> list[DueTarget]:
    if not values["limit"]:
        return []
    return [DueTarget(*row) for row in connection.execute(query, values)]


def lock_by_request(
    connection: Connection, source: str, names: Sequence[str], now: datetime
) -> list[TargetState]:
    """The watched targets that requests of these names would show, locked; not those in other hands."""
    if not names:
        return []
    rows: Iterable[AnyRow] = connection.execute(
        _TOGETHER, {"source": source, "names": list(names), "now": now}
    )
    return [state_of(row) for row in rows]


def claim_targets(connection: Connection, target_ids: Iterable[int], until: datetime) -> None:
    """Have targets passed over while they are looked at: a look that never comes back happens again then."""
    rows = [{"id": target_id, "until": until} for target_id in target_ids]
    if rows:
        connection.execute(_PUSH, rows)


def unschedule_ended(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Take targets out of the virtual queue whose last guarantee is over; gives how many.

    Where a drop or a refill is open the target is looked at once more by date. Those in other hands are left
    for the next time: who waits for one with others in hand may block a judge.
    """
    ended = list(connection.execute(_ENDED, {"now": now, "limit": limit}).scalars())
    if ended:
        connection.execute(_LET_GO, [{"id": target_id, "at": now} for target_id in ended])
    return len(ended)


def repair_future_times(connection: Connection, now: datetime, margin: timedelta) -> int:
    """Have everything looked at anew that a clock which was ahead has looked at or let go; gives how much."""
    values = {"now": now, "ahead": now + margin}
    return connection.execute(_SET_RIGHT, values).rowcount


def next_after(connection: Connection, source: str, now: datetime) -> datetime | None:
    """When a target of a source is due next, or has rested enough, after now; None where none is.

    It reads the whole virtual queue: no index serves the rests, and only a simulation asks for them.
    """
    times = [
        connection.execute(_NEXT, {"source": source, "now": now, "priority": int(priority)}).scalar()
        for priority in Priority
    ]
    times.append(connection.execute(_WAKES, {"source": source, "now": now}).scalar())
    return min((at for at in times if at is not None), default=None)


def scheduled_count(connection: Connection, source: str, most: int) -> int:
    """How many targets a source has to look at; more than `most` are not counted."""
    number: int = connection.execute(_WATCHED, {"source": source, "most": most}).scalar_one()
    return number
