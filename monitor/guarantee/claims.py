"""Lines and claims: what each order may claim of the units that a target is missing (RULES 3).

Orders on one target overlap, and one visible count carries them all. Every order has a line, the
count at which it is whole. The missing units are the interval from the effective count up to the
highest line, and each unit of it is paid for by exactly one order.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from monitor.model.lines import by_completion, lines_of
from monitor.model.order_state import OrderState

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one order claims at one snapshot, with the numbers that it follows from."""

    order_id: str
    line: int
    """Count at which the order is whole."""
    floor: int
    """The line less what was delivered: what the target had without this order."""
    effective: int
    """The count, plus the units in flight on the target."""
    units: int


def claims_of(states: Sequence[OrderState], count: int, now: datetime) -> Mapping[str, Claim]:
    """Work out the claims of a target's active orders at a count; keyed by order id."""
    active = [w for w in states if w.active(now)]
    effective = count + sum(w.in_flight(now) for w in states)
    lines = lines_of(w.order for w in active)
    paid = _share_out(active, lines, effective, now)
    return {
        w.order.order_id: Claim(
            order_id=w.order.order_id,
            line=lines[w.order.order_id],
            floor=lines[w.order.order_id] - w.order.delivered,
            effective=effective,
            units=paid[w.order.order_id],
        )
        for w in active
    }


def _by_end(state: OrderState) -> tuple[datetime, datetime, str]:
    return state.order.ends_at or _NEVER, *by_completion(state.order)


def _share_out(
    active: Sequence[OrderState], lines: Mapping[str, int], effective: int, now: datetime
) -> dict[str, int]:
    """Cut the missing interval at the lines; in each slice, who ends first pays first, within its room."""
    payers = deque(w.order.order_id for w in sorted(active, key=_by_end))
    room = {w.order.order_id: max(0, w.order.delivered - w.in_flight(now)) for w in active}
    paid = dict.fromkeys(room, 0)
    cuts = sorted({effective, *(max(effective, line) for line in lines.values())})
    for bottom, top in pairwise(cuts):
        missing = top - bottom
        while missing and payers:
            payer = payers[0]
            if lines[payer] < top or not room[payer]:
                payers.popleft()  # slices only go up, and room only shrinks: it will never pay again
                continue
            units = min(missing, room[payer])
            paid[payer] += units
            room[payer] -= units
            missing -= units
    return paid
