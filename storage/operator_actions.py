"""Actions of operators on refills: approve, reject, requeue and cancel."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, update

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.decisions import Case
from monitor.guarantee.owed_refills import NewestCount, case_at, still_owed
from monitor.model.refill import RefillState
from storage import drops, open_refills, order_states, queued_units, refill_moves, refills, reviews, targets
from storage.errors import NothingMissingError, OpenRefillError, ShadowModeError, WrongStateError
from storage.refills import RefillRow
from storage.schema import refills as table

_r = table.c
ACTIONS: Mapping[str, tuple[frozenset[RefillState], RefillState]] = {
    "approve": (frozenset({RefillState.HELD}), RefillState.QUEUED),
    "reject": (frozenset({RefillState.HELD}), RefillState.REJECTED),
    "requeue": (frozenset({RefillState.DEAD}), RefillState.QUEUED),
    "cancel": (frozenset({RefillState.QUEUED, RefillState.HELD, RefillState.DEAD}), RefillState.CANCELLED),
}
"""The actions: the states in which each is allowed, and the state it leads to."""

IN_SHADOW = (
    'shadow mode is on and queues nothing; set mode = "live" under [guarantee], restart the daemon, '
    "and try again"
)


def act(
    connection: Connection, refill_id: int, action: str, now: datetime, *, shadow: bool = False
) -> RefillRow:
    """Carry out an action; returns the changed refill. In `shadow` mode nothing is queued.

    A refill is queued with the units that are still missing at the target's newest count, at most those that
    it had. Raises NotFoundError, WrongStateError (NothingMissingError, ShadowModeError) or
    OpenRefillError; then nothing is changed.
    """
    allowed, state = ACTIONS[action]
    if shadow and state is RefillState.QUEUED:
        raise ShadowModeError(IN_SHADOW)
    order_id = refills.get(connection, refill_id).order_id
    target = targets.of_order(connection, order_id, lock=True)  # no evaluation and no flag until the commit
    row = refills.get(connection, refill_id)
    values: dict[str, object] = {"state": state, "release_at": None}
    if action == "requeue" and row.state in allowed:
        _require_no_open_refill(connection, order_id)
    if state is RefillState.QUEUED and row.state in allowed:
        values |= {"queued_at": now, "available_at": now, "attempt": 0, "last_error": None}
        values["quantity"] = owed_units(connection, row, target)
    change = update(table).where(_r.refill_id == refill_id, _r.state.in_(allowed)).values(values)
    if connection.execute(change).rowcount == 0:
        raise WrongStateError(f"refill {refill_id} is {row.state}; {action} needs {either(allowed)}")
    refill_moves.add(connection, [refill_id], state, now, f"{action} by an operator")
    if state is RefillState.QUEUED:
        queued_units.note(connection, refill_id, now)
        reviews.close_given_up(connection, refill_id, now)
        # a look shows whether the profile is still public
        targets.schedule_by(connection, [target.target_id], now, f"refill {refill_id} queued")
    elif row.state is not RefillState.DEAD:
        drops.decline(connection, order_id, row.drop_id, now)
    return refills.get(connection, refill_id)


def _require_no_open_refill(connection: Connection, order_id: str) -> None:
    """Raise OpenRefillError, which names the open refill of an order, if it has one."""
    for refill_id in open_refills.of_orders(connection, [order_id]).values():
        raise OpenRefillError(f"refill {refill_id} of its order is open already")


def case_of(connection: Connection, row: RefillRow, target: TargetState) -> Case | None:
    """The case of a refill's order at its target's newest count, without the refill; None without a count."""
    newest = newest_count(target)
    states = () if newest is None else order_states.of_target(connection, target.target_id)
    return case_at(states, row.order_id, newest)


def newest_count(target: TargetState) -> NewestCount | None:
    """The newest count of a target; None if it has none."""
    count, at = target.series.last_count, target.last_count_at
    return None if count is None or at is None else NewestCount(count, at)


def owed_units(connection: Connection, row: RefillRow, target: TargetState) -> int:
    """Units of a refill that may still be delivered; raises WrongStateError if there are none."""
    guaranteed = order_states.carries_guarantee(connection, row.order_id)
    case = case_of(connection, row, target) if guaranteed else None
    owed = still_owed(row.quantity, guaranteed=guaranteed, case=case)
    if owed.recovered:
        raise NothingMissingError(
            f"refill {row.refill_id} is owed no more: {owed.why_none}; reject or cancel it"
        )
    if owed.why_none:
        raise WrongStateError(f"refill {row.refill_id} is owed no more: {owed.why_none}")
    return owed.units


def either(states: Iterable[RefillState]) -> str:
    """States in words."""
    return " or ".join(sorted(states))
