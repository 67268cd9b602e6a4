"""Actions of operators on refills: approve, reject, requeue and cancel."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, update

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.decisions import Case
from monitor.guarantee.hold_release import case_unheld, decide_anew
from monitor.guarantee.start_counts import with_start_counts
from monitor.model.decision import Action, Reason
from monitor.model.refill import RefillState
from monitor.model.time_words import minute
from storage import drops, order_states, refills, reviews, targets
from storage.errors import NothingMissingError, ShadowModeError, WrongStateError
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

IN_SHADOW = 'shadow mode is on and queues nothing; set mode = "live" under [guarantee], and try again'


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
    if state is RefillState.QUEUED and row.state in allowed:
        values |= {"queued_at": now, "available_at": now, "attempt": 0, "last_error": None}
        values["first_queued_at"] = row.first_queued_at or now
        values["quantity"] = still_owed(connection, row, target)
    change = update(table).where(_r.refill_id == refill_id, _r.state.in_(allowed)).values(values)
    if connection.execute(change).rowcount == 0:
        raise WrongStateError(f"refill {refill_id} is {row.state}; {action} needs {_either(allowed)}")
    refills.add_events(connection, [refill_id], state, now, f"{action} by an operator")
    if state is RefillState.QUEUED:
        reviews.close_of_refill(connection, refill_id, "requeued", now)
        # a look shows whether the profile is still public
        targets.schedule_by(connection, [target.target_id], now, f"refill {refill_id} queued")
    elif row.state is not RefillState.DEAD:
        drops.decline(connection, order_id, row.drop_id, now)
    return refills.get(connection, refill_id)


def case_of(connection: Connection, row: RefillRow, target: TargetState) -> Case | None:
    """The case of a refill's order at its target's newest count, without the refill; None without a count."""
    count, at = target.series.last_count, target.last_count_at
    if count is None or at is None:
        return None
    states = with_start_counts(order_states.of_target(connection, target.target_id), count, at)
    return case_unheld(states, row.order_id, count, at)


def still_owed(connection: Connection, row: RefillRow, target: TargetState) -> int:
    """Units of a refill that may still be delivered; raises WrongStateError if there are none.

    An operator overrides cooldown, approval and mass drop, but not the limits of the terms.
    """
    owed_no_more = f"refill {row.refill_id} is owed no more"
    if not order_states.carries_guarantee(connection, row.order_id):
        raise WrongStateError(f"{owed_no_more}: its order's guarantee has ended")
    case = case_of(connection, row, target)
    if case is None:
        return row.quantity
    decision = decide_anew(case)
    if decision.reason is Reason.RECOVERED:
        raise NothingMissingError(
            f"{owed_no_more}: at the count of {case.count} of {minute(case.now)} UTC"
            f" the order misses {case.claim.units}; reject or cancel it"
        )
    if decision.action is Action.REFUSE:
        raise WrongStateError(f"{owed_no_more}: {decision.reason}")
    return min(row.quantity, case.claim.units, case.state.allowance)


def _either(states: Iterable[RefillState]) -> str:
    return " or ".join(sorted(states))
