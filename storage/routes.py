"""Routes: which source looks at a target, and which targets have no source yet."""

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
_REROUTE = (
    update(targets)
    .where(_t.target_id.in_(bindparam("ids", expanding=True)), _t.source.is_not(None))
    .values(source=None)
)
_other = targets.alias("left_targets")
_OF_OTHER_SOURCES = (
    select(_other.c.target_id)
    .where(_other.c.source.is_not(None), _other.c.source.not_in(bindparam("but", expanding=True)))
    .order_by(_other.c.target_id)
    .with_for_update()
)
_LEAVE_SOURCES = update(targets).where(_t.target_id.in_(_OF_OTHER_SOURCES)).values(source=None)
"""Locks in the order of ids, as evaluations do, to avoid a deadlock."""
_DUE = bindparam("virtual_due", type_=_t.virtual_due.type)
_KEEPS_POSITION = (
    (_t.virtual_due < _DUE)
    & (_t.service_queue == bindparam("service_queue"))
    & (_t.request_key == bindparam("request_key"))
)
_SAVE_ROUTE = (
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
        # Routing never delays a target.
        | {"virtual_due": case((_KEEPS_POSITION, _t.virtual_due), else_=_DUE)}
    )
)  # fmt: skip


def unrouted(connection: Connection, limit: int) -> list[TargetState]:
    """Return scheduled targets without a source; locked."""
    return [state_of(row) for row in connection.execute(_UNROUTED, {"limit": limit})]


def reroute(connection: Connection, target_ids: Iterable[int]) -> None:
    """Clear the sources of targets, so that they are routed again."""
    ids = list(target_ids)
    if ids:
        connection.execute(_REROUTE, {"ids": ids})


def leave_sources(connection: Connection, but: Sequence[str]) -> int:
    """Clear the sources of all targets of other sources than `but`; return the number of targets."""
    return connection.execute(_LEAVE_SOURCES, {"but": list(but)}).rowcount


def save_routes(
    connection: Connection, states: Sequence[TargetState], positions: Mapping[int, QueuePosition]
) -> None:
    """Save the sources of targets, and their queue positions by target id."""
    values = [
        {"id": state.target_id, "source": state.schedule.source, "request_key": state.schedule.request_key}
        | queue_position_values(positions.get(state.target_id))
        for state in states
    ]
    if values:
        connection.execute(_SAVE_ROUTE, values)
