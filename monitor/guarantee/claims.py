"""Claims: how many of a target's missing units each of its orders pays for (RULES 3).

Several orders share the count of one target. Every order has a line, the count at which it is whole. The
missing units are the interval from the effective count up to the highest line. Each missing unit is paid by
at most one order.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from monitor.model.instants import NO_END
from monitor.model.lines import by_completion, lines_of
from monitor.model.order_state import OrderState


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


def claims_of(states: Sequence[OrderState], count: int, now: datetime) -> Mapping[str, Claim]:
    """Return the claims of a target's active orders at a count, by order id."""
    active = [state for state in states if state.active(now)]
    effective = count + sum(state.in_flight(now) for state in states)
    lines = lines_of(state.order for state in active)
    paid = _units_paid(active, lines, effective, now)
    return {
        state.order.order_id: Claim(
            order_id=state.order.order_id,
            line=lines[state.order.order_id],
            floor=lines[state.order.order_id] - state.order.delivered,
            effective=effective,
            units=paid[state.order.order_id],
        )
        for state in active
    }


def _end_of_guarantee(state: OrderState) -> tuple[datetime, datetime, str]:
    return state.order.ends_at or NO_END, *by_completion(state.order)


def _units_paid(
    active: Sequence[OrderState], lines: Mapping[str, int], effective: int, now: datetime
) -> dict[str, int]:
    """Cut the missing interval at the lines; in each slice, the guarantee that ends first pays first."""
    payers = deque(state.order.order_id for state in sorted(active, key=_end_of_guarantee))
    room = {state.order.order_id: max(0, state.order.delivered - state.in_flight(now)) for state in active}
    paid = dict.fromkeys(room, 0)
    cuts = sorted({effective, *(max(effective, line) for line in lines.values())})
    for bottom, top in pairwise(cuts):
        missing = top - bottom
        while missing and payers:
            payer = payers[0]
            if lines[payer] < top or not room[payer]:
                payers.popleft()  # later slices are higher and room never grows
                continue
            units = min(missing, room[payer])
            paid[payer] += units
            room[payer] -= units
            missing -= units
    return paid
