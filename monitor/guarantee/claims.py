"""Claims: how many of a target's missing units each of its orders pays for (RULES 3).

Several orders share the count of one target. Every order has a line, the count at which it is whole. The
missing units are the interval from the effective count up to the highest line. Each missing unit is paid by
at most one order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from monitor.model.drop import DropState
from monitor.model.instants import NO_END
from monitor.model.lines import by_completion, lines_of
from monitor.model.order_state import OrderState
from monitor.model.terms import BelowStart


@dataclass(frozen=True, slots=True)
class Claim:
    """The claim of one order at one count, with the numbers from which it follows."""

    order_id: str
    line: int
    """Count at which the order is whole."""
    floor: int
    """The line less the delivered units: the count without this order."""
    effective: int
    """The count, plus the units in flight on the target."""
    units: int
    """Missing units that this order pays for."""

    @property
    def below_start(self) -> bool:
        """Whether the effective count is below the floor of the order."""
        return self.effective < self.floor


def claims_of(states: Sequence[OrderState], count: int, now: datetime) -> Mapping[str, Claim]:
    """Return the claims of a target's active orders at a count, by order id."""
    active = [state for state in states if state.active(now)]
    effective = count + sum(state.in_flight(now) for state in states)
    lines = lines_of(state.order for state in active)
    claims = {
        state.order.order_id: Claim(
            order_id=state.order.order_id,
            line=lines[state.order.order_id],
            floor=lines[state.order.order_id] - state.order.delivered,
            effective=effective,
            units=0,
        )
        for state in active
    }
    if all(line <= effective for line in lines.values()):
        return claims
    paid = _units_paid(active, claims, effective, now)
    return {order_id: replace(claim, units=paid[order_id]) for order_id, claim in claims.items()}


def _end_of_guarantee(state: OrderState) -> tuple[datetime, datetime, str]:
    return state.order.ends_at or NO_END, *by_completion(state.order)


def _units_paid(
    active: Sequence[OrderState], claims: Mapping[str, Claim], effective: int, now: datetime
) -> dict[str, int]:
    """Have the slices paid by the orders that can be refilled, and what is left by all."""
    payers = [claims[state.order.order_id] for state in sorted(active, key=_end_of_guarantee)]
    room = {state.order.order_id: max(0, state.order.delivered - state.in_flight(now)) for state in active}
    refillable = {
        state.order.order_id: min(
            room[state.order.order_id], _refillable(state, claims[state.order.order_id])
        )
        for state in active
    }
    slices = _slices([claim.line for claim in payers], effective)
    first = _pay(slices, payers, refillable)
    second = _pay(slices, payers, {order_id: room[order_id] - first[order_id] for order_id in room})
    return {order_id: first[order_id] + second[order_id] for order_id in room}


def _refillable(state: OrderState, claim: Claim) -> int:
    """Units that a refill of the order could deliver at this count; unchanged after it was declined."""
    if state.drop is not None and state.drop.state is DropState.REFUSED:
        return state.allowance if state.drop.declined else 0
    too_low = claim.below_start and state.order.terms.below_start is BelowStart.REFUSE
    return 0 if too_low or state.limit_reached else state.allowance


def _slices(lines: Iterable[int], effective: int) -> dict[int, int]:
    """The missing units of each slice, by its upper end; the highest slice comes first."""
    cuts = sorted({effective, *(max(effective, line) for line in lines)}, reverse=True)
    return {top: top - bottom for top, bottom in pairwise(cuts)}


def _pay(slices: dict[int, int], payers: Sequence[Claim], room: Mapping[str, int]) -> dict[str, int]:
    """Return what each order pays, from the highest slice downwards; removes it from the slices."""
    paid = dict.fromkeys(room, 0)
    for top, missing in slices.items():
        left = missing
        for payer in payers:
            if payer.line >= top:
                units = min(left, room[payer.order_id] - paid[payer.order_id])
                paid[payer.order_id] += units
                left -= units
        slices[top] = left
    return paid
