"""Handover: what the old source of a series would count now, when another one takes over.

A difference between two sources must not be taken for a loss, nor a loss for a difference that hides a
refill. So it is measured only while nothing is under way: what was delivered since the last count is then
all in the new one.
"""

from collections.abc import Sequence
from datetime import datetime

from monitor.model.lines import lines_of
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState


def expected_count(
    states: Sequence[OrderState], last_count: int | None, counted_at: datetime | None, now: datetime
) -> int | None:
    """The count that would be seen if nothing was lost since the last one; None while that cannot be told."""
    if last_count is None or counted_at is None or not all(_at_rest(w, now) for w in states):
        return None
    came = [_arrived(w, counted_at, now) for w in states]
    perhaps = last_count + sum(units for units, _ in came)
    seen = max(last_count, min(perhaps, _whole(states, now) or perhaps))
    return seen + sum(units for _, units in came)


def _at_rest(state: OrderState, now: datetime) -> bool:
    """No refill is on its way or still settling, and no delivery either, of which some may have arrived.

    Nothing of a held refill has been sent.
    """
    if state.order.status.waiting:
        return False
    completed = state.order.completed_at
    delivering = completed is not None and completed <= now < completed + state.order.terms.settle
    return not delivering and state.in_flight(now) == state.held_units


def _arrived(state: OrderState, since: datetime, now: datetime) -> tuple[int, int]:
    """Units of an order and its refills that the last count may not have shown yet, and those it cannot have.

    What was delivered less than `settle` before it may have come later, as long as that leaves no order more
    than whole: rather a loss is overlooked than a refill taken for one that never came, and paid again.
    """
    settle = state.order.terms.settle
    deliveries = [(state.order.completed_at, state.order.delivered)]
    deliveries += [
        (refill.completed_at, refill.units)
        for refill in state.refills
        if refill.state is RefillState.COMPLETED
    ]
    done = [(at, units) for at, units in deliveries if at is not None and at <= now]
    perhaps = sum(units for at, units in done if at <= since < at + settle)
    return perhaps, sum(units for at, units in done if since < at)


def _whole(states: Sequence[OrderState], now: datetime) -> int | None:
    """The count at which every order is whole: more than that cannot have been delivered."""
    done = [w.order for w in states if w.order.completed_at is not None and w.order.completed_at <= now]
    if not done or any(order.start_count is None for order in done):
        return None
    return max(lines_of(done).values())
