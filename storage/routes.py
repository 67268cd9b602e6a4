"""Routes: which source looks at a target, and which targets have yet to be told."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, case, select, update

from monitor.cadence.schedule import QueuePosition
from monitor.evaluation.target_state import TargetState
from storage.schema import targets
from storage.targets import queue_position_values, state_of

_t = targets.c
_UNROUTED = (
    select(targets)
    .where(_t.source.is_(None), _t.next_due_at.is_not(None))
    .order_by(_t.target_id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_REROUTE = update(targets).where(_t.target_id == bindparam("id")).values(source=None)
_left = targets.alias("left_targets")
_LEFT = (
    select(_left.c.target_id)
    .where(_left.c.source.is_not(None), _left.c.source.not_in(bindparam("but", expanding=True)))
    .order_by(_left.c.target_id)
    .with_for_update()
)
_LEAVE = update(targets).where(_t.target_id.in_(_LEFT)).values(source=None)
"""Locked in the order of the judges, or a daemon that starts and one that judges wait for each other."""
_DUE = bindparam("virtual_due", type_=_t.virtual_due.type)
_KEEPS_ITS_TURN = (
    (_t.virtual_due < _DUE)
    & (_t.service_queue == bindparam("service_queue"))
    & (_t.request_key == bindparam("request_key"))
)
_ROUTED = (
    update(targets)
    .where(_t.target_id == bindparam("id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "source", "request_key", "service_queue", "not_before", "coverage_ends_at",
                "final_look_slot", "final_look_value",
            )
        }
        | {"virtual_due": case((_KEEPS_ITS_TURN, _t.virtual_due), else_=_DUE)}  # nobody waits longer by it
    )
)  # fmt: skip


def unrouted(connection: Connection, limit: int) -> list[TargetState]:
    """Watched targets of which it is not known yet which source looks at them; locked."""
    return [state_of(row) for row in connection.execute(_UNROUTED, {"limit": limit})]


def reroute(connection: Connection, target_ids: Iterable[int]) -> None:
    """Have it found out anew which source looks at targets, and where in its queue."""
    rows = [{"id": target_id} for target_id in target_ids]
    if rows:
        connection.execute(_REROUTE, rows)


def leave_sources(connection: Connection, but: Sequence[str]) -> int:
    """Take targets from sources that look no more, at the start of who looks; gives how many."""
    return connection.execute(_LEAVE, {"but": list(but)}).rowcount


def save_routes(
    connection: Connection, rows: Sequence[TargetState], seats: Mapping[int, QueuePosition]
) -> None:
    """Write down which source looks at targets, and their places in its virtual queue."""
    values = [
        {"id": row.target_id, "source": row.schedule.source, "request_key": row.schedule.request_key}
        | queue_position_values(seats.get(row.target_id))
        for row in rows
    ]
    if values:
        connection.execute(_ROUTED, values)
