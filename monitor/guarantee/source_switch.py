"""Source switch: the count that the old source of a series would read now, when another source continues it.

The difference between two sources must not be mistaken for a loss, nor a loss for a difference. So the switch
waits until no delivery and no refill is open or settling: then the new count contains everything that was
delivered since the last one.
"""

from collections.abc import Sequence
from datetime import datetime

from monitor.model.lines import lines_of
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState


def expected_count(
    states: Sequence[OrderState], last_count: int | None, counted_at: datetime | None, now: datetime
) -> int | None:
    """Return the count that would be read if nothing was lost since the last one; None while not known."""
    if last_count is None or counted_at is None or not all(_settled(one, now) for one in states):
        return None
    arrived = [_arrived(one, counted_at, now) for one in states]
    possible = last_count + sum(units for units, _ in arrived)
    shown = max(last_count, min(possible, _whole_count(states, now) or possible))
    return shown + sum(units for _, units in arrived)


def _settled(state: OrderState, now: datetime) -> bool:
    """Whether no delivery and no refill is open or settling.

    A held refill does not matter: nothing of it has been delivered.
    """
    if state.order.status.waiting:
        return False
    completed = state.order.completed_at
    delivering = completed is not None and completed <= now < completed + state.order.terms.settle
    return not delivering and state.in_flight(now) == state.held_units


def _arrived(state: OrderState, since: datetime, now: datetime) -> tuple[int, int]:
    """Return the units of an order that the last count may have missed, and those that it has missed.

    Units delivered less than `settle` before that count may have arrived after it. They are counted as
    arrived later, up to the highest line: the switch may overlook a loss, but never causes a second refill.
    """
    settle = state.order.terms.settle
    deliveries = [(state.order.completed_at, state.order.delivered)]
    deliveries += [
        (refill.completed_at, refill.units)
        for refill in state.refills
        if refill.state is RefillState.COMPLETED
    ]
    done = [(at, units) for at, units in deliveries if at is not None and at <= now]
    possible = sum(units for at, units in done if at <= since < at + settle)
    return possible, sum(units for at, units in done if since < at)


def _whole_count(states: Sequence[OrderState], now: datetime) -> int | None:
    """The count at which every order is whole; None while a start count is not known."""
    done = [
        one.order for one in states if one.order.completed_at is not None and one.order.completed_at <= now
    ]
    if not done or any(order.start_count is None for order in done):
        return None
    return max(lines_of(done).values())
