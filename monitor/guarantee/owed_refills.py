"""Units that refills are still owed when an operator queues them, at the newest count (RULES 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.guarantee.decisions import Case
from monitor.guarantee.hold_release import case_unheld, decide_anew
from monitor.guarantee.start_counts import with_start_counts
from monitor.model.decision import Action, Reason
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.time_words import minute


@dataclass(frozen=True, slots=True)
class Owed:
    """What a refill is still owed."""

    units: int
    why_none: str = ""
    """Why no unit is owed any more; empty if units are owed."""
    recovered: bool = False
    """No unit is owed because the drop has recovered."""


@dataclass(frozen=True, slots=True)
class NewestCount:
    """The newest count of a target."""

    count: int
    at: datetime


def case_at(states: Sequence[OrderState], order_id: str, newest: NewestCount | None) -> Case | None:
    """The case of an order at the newest count, without its open refill; None without a count."""
    if newest is None:
        return None
    return case_unheld(
        with_start_counts(tuple(states), newest.count, newest.at), order_id, newest.count, newest.at
    )


def still_owed(quantity: int, *, guaranteed: bool, case: Case | None) -> Owed:
    """Units of a refill that may still be delivered.

    An operator overrides cooldown, approval and mass drop, but not the limits of the terms.
    """
    if not guaranteed:
        return Owed(0, "its order's guarantee has ended")
    if case is None:
        return Owed(quantity)
    decision = decide_anew(case)
    if decision.reason is Reason.RECOVERED:
        why = f"at the count of {case.count} of {minute(case.now)} UTC the order misses {case.claim.units}"
        return Owed(0, why, recovered=True)
    if decision.action is Action.REFUSE:
        return Owed(0, str(decision.reason))
    return Owed(min(quantity, case.claim.units, case.state.allowance))


def owed_in_turn(
    states: Sequence[OrderState],
    refills: Sequence[tuple[str, int]],
    newest: NewestCount | None,
    *,
    discards_recovered: bool,
) -> list[Owed]:
    """What the refills of one target (order and units) are owed if they are queued one after the other.

    What one of them is queued with, or its discarding if it has recovered, changes what the next is owed.
    """
    current = list(states)
    owed = []
    for order_id, quantity in refills:
        at = next(i for i, state in enumerate(current) if state.order.order_id == order_id)
        state = current[at]
        guaranteed = state.order.guaranteed and not state.flags
        found = still_owed(quantity, guaranteed=guaranteed, case=case_at(current, order_id, newest))
        current[at] = _after(state, found, discards_recovered=discards_recovered)
        owed.append(found)
    return owed


def _after(state: OrderState, owed: Owed, *, discards_recovered: bool) -> OrderState:
    """The order after its refill is queued with the units owed, discarded, or left as it is."""
    if not owed.units and not (owed.recovered and discards_recovered):
        return state
    others = tuple(refill for refill in state.refills if not refill.state.open)
    queued = (Refill(state.order.order_id, owed.units, RefillState.QUEUED),) if owed.units else ()
    return replace(state, refills=others + queued)
