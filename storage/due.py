"""Due targets: which targets of a source are looked at next, and claiming them for a request.

Every query that runs every few seconds reads a range of an index that ends after the returned rows.
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
_UNCLAIMED = or_(_t.claimed_until.is_(None), _t.claimed_until <= bindparam("now"))
"""No process looks at the target now. No index contains this, since few rows are claimed at any time."""
_DUE_TARGETS = (
    select(
        _t.target_id, _t.request_key, _t.service_queue, _t.virtual_due, _t.final_look_value, _t.next_due_at
    )
    .where(_SOURCE, _UNCLAIMED)
    .limit(bindparam("limit"))
)
_BY_DATE = _DUE_TARGETS.where(
    _t.priority == bindparam("priority"), _t.next_due_at <= bindparam("now")
).order_by(_t.next_due_at)
_FINAL_LOOKS = _DUE_TARGETS.where(
    _t.final_look_slot == bindparam("slot"), _t.final_look_value >= bindparam("value")
).order_by(_t.final_look_value.desc())
_BY_VIRTUAL_TIME = _DUE_TARGETS.where(
    _t.service_queue == bindparam("service_queue"),
    _t.virtual_due.is_not(None),
    _t.not_before <= bindparam("now"),
).order_by(_t.virtual_due)
_NEXT_SERVICE_QUEUE = (
    select(_t.service_queue)
    .where(_SOURCE, _t.virtual_due.is_not(None), _t.service_queue > bindparam("after"))
    .order_by(_t.service_queue)
    .limit(1)
)
_BY_REQUEST = (
    select(targets)
    .where(
        _SOURCE,
        _t.request_key.in_(bindparam("request_keys", expanding=True)),
        _t.next_due_at.is_not(None),
        _UNCLAIMED,
    )
    .order_by(_t.target_id)
    .with_for_update(skip_locked=True)
)
_CLAIM = update(targets).where(_t.target_id == bindparam("id")).values(claimed_until=bindparam("until"))
_GIVE_BACK = (
    update(targets)
    .where(_t.target_id == bindparam("id"), _t.claimed_until == bindparam("until"))
    .values(claimed_until=None)
)
_ENDED = (
    select(_t.target_id)
    .where(_t.virtual_due.is_not(None), _t.coverage_ends_at <= bindparam("now"), _t.source.is_not(None))
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_OF_TARGET = orders.c.target_id == _t.target_id
_SOMETHING_OPEN = or_(
    exists().where(_OF_TARGET, drops.c.order_id == orders.c.order_id, text(f"drops.{OPEN_DROP}")),
    exists().where(_OF_TARGET, refills.c.order_id == orders.c.order_id, text(f"refills.{OPEN_REFILL}")),
)
"""A drop that is open after its guarantee ended, or a refill that waits for a public profile."""
_UNSCHEDULE = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        virtual_due=None,
        final_look_slot=None,
        next_due_at=case(
            (_SOMETHING_OPEN, bindparam("at", type_=_t.next_due_at.type)),
            (_t.priority == int(Priority.MAX_INTERVAL), null()),
            else_=_t.next_due_at,
        ),
        priority=case((_SOMETHING_OPEN, int(Priority.ROUTINE)), else_=_t.priority),
    )
)
_NOW = bindparam("now", type_=_t.next_due_at.type)
_LONGEST_CLAIM = timedelta(minutes=15)
"""Longer than a target is ever reserved for a look."""
_IMPORTED_AHEAD = exists().where(_OF_TARGET, orders.c.updated_at > _NOW)
_AHEAD = or_(
    _t.last_look_at > _NOW,
    _t.claimed_until > bindparam("latest", type_=_t.claimed_until.type),
    and_(_t.next_due_at.is_(None), _t.coverage_ends_at > _NOW),
    and_(_t.next_due_at > _NOW, _IMPORTED_AHEAD),
)
_REPAIR = (
    update(targets)
    .where(_AHEAD)
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
_SCHEDULED_COUNT = select(func.count()).select_from(
    select(_t.target_id).where(_SOURCE, _t.next_due_at.is_not(None)).limit(bindparam("most")).subquery()
)

_NEXT_BY_DATE = select(func.min(_t.next_due_at)).where(
    _SOURCE, _t.priority == bindparam("priority"), _t.next_due_at > bindparam("now")
)
_NEXT_RESTED = select(func.min(_t.not_before)).where(
    _SOURCE, _t.virtual_due.is_not(None), _t.not_before > bindparam("now")
)


@dataclass(frozen=True, slots=True)
class DueTarget:
    """A target that is next in its queue, and the request that shows it."""

    target_id: int
    request_key: str
    service_queue: str
    virtual_due: float | None
    final_look_value: float | None
    due_at: datetime | None = None


def due_by_date(
    connection: Connection, source: str, priority: Priority, now: datetime, limit: int
) -> list[DueTarget]:
    """Return targets of a priority that are due by date, the longest overdue first."""
    query = {"source": source, "priority": int(priority), "now": now, "limit": limit}
    return _due_targets(connection, _BY_DATE, query)


def final_looks(
    connection: Connection, source: str, slot: int, value: float, now: datetime, limit: int
) -> list[DueTarget]:
    """Return targets with a final look of at least `value` in a time slot, the most valuable first."""
    return _due_targets(
        connection, _FINAL_LOOKS, {"source": source, "slot": slot, "value": value, "now": now, "limit": limit}
    )


def by_virtual_time(
    connection: Connection, source: str, service_queue: str, now: datetime, limit: int
) -> list[DueTarget]:
    """Return targets of a service queue by virtual due, without those that may not be looked at yet."""
    query = {"source": source, "service_queue": service_queue, "now": now, "limit": limit}
    return _due_targets(connection, _BY_VIRTUAL_TIME, query)


def service_queues(connection: Connection, source: str) -> list[str]:
    """Return the service queues in which a source has targets, each found by one step in the index."""
    found: list[str] = []
    while (
        name := connection.execute(
            _NEXT_SERVICE_QUEUE, {"source": source, "after": found[-1] if found else ""}
        ).scalar()
    ) is not None:
        found.append(name)
    return found


def _due_targets(connection: Connection, query: AnySelect, values: dict[str, object]) -> list[DueTarget]:
    if not values["limit"]:
        return []
    return [DueTarget(*row) for row in connection.execute(query, values)]


def lock_by_request(
    connection: Connection, source: str, request_keys: Sequence[str], now: datetime
) -> list[TargetState]:
    """Return the scheduled, unclaimed targets that these requests show; locked. Skips locked rows."""
    if not request_keys:
        return []
    rows: Iterable[AnyRow] = connection.execute(
        _BY_REQUEST, {"source": source, "request_keys": list(request_keys), "now": now}
    )
    return [state_of(row) for row in rows]


def claim_targets(connection: Connection, target_ids: Iterable[int], until: datetime) -> None:
    """Reserve targets for this process until `until`; after that they are due again."""
    rows = [{"id": target_id, "until": until} for target_id in target_ids]
    if rows:
        connection.execute(_CLAIM, rows)


def give_back(connection: Connection, claims: Iterable[tuple[int, datetime]]) -> None:
    """End these claims, each a target and its end, that still stand; claims of others are left alone."""
    rows = [{"id": target_id, "until": until} for target_id, until in sorted(claims)]
    if rows:
        connection.execute(_GIVE_BACK, rows)


def unschedule_ended(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Take targets whose last guarantee is over out of the virtual queue; return their number.

    A target with an open drop or refill is due by date once more. Locked rows are skipped until the next
    call, to avoid a deadlock.
    """
    ended = list(connection.execute(_ENDED, {"now": now, "limit": limit}).scalars())
    if ended:
        connection.execute(_UNSCHEDULE, [{"id": target_id, "at": now} for target_id in ended])
    return len(ended)


def lock_future_times(connection: Connection, now: datetime, names: Iterable[str]) -> None:
    """Lock the targets that `repair_future_times` changes, and those with later times in these columns.

    In the order of their ids, and before their refills, as all do that lock several.
    """
    ahead = or_(_AHEAD, _IMPORTED_AHEAD, *(_t[name] > _NOW for name in names))
    query = select(_t.target_id).where(ahead).order_by(_t.target_id).with_for_update()
    connection.execute(query, _repair_times(now))


def repair_future_times(connection: Connection, now: datetime) -> int:
    """Make the targets due that were looked at or imported later than `now`; return their number."""
    return connection.execute(_REPAIR, _repair_times(now)).rowcount


def _repair_times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "latest": now + _LONGEST_CLAIM}


def next_after(connection: Connection, source: str, now: datetime) -> datetime | None:
    """Return the next time after now at which a target of a source is due; None when there is none.

    It scans the whole virtual queue, since no index contains `not_before`; only simulations use it.
    """
    times = [
        connection.execute(_NEXT_BY_DATE, {"source": source, "now": now, "priority": int(priority)}).scalar()
        for priority in Priority
    ]
    times.append(connection.execute(_NEXT_RESTED, {"source": source, "now": now}).scalar())
    return min((at for at in times if at is not None), default=None)


def scheduled_count(connection: Connection, source: str, most: int) -> int:
    """Return the number of scheduled targets of a source, counting up to `most`."""
    number: int = connection.execute(_SCHEDULED_COUNT, {"source": source, "most": most}).scalar_one()
    return number
