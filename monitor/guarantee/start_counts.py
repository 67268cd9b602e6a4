"""Start counts: what the first counts after a delivery tell about the counts before it (RULES 2 and 3).

The first count after a completion measures a missing start count. Then it is compared with the lines: without
a loss, no line of orders that were delivered at the same time is above the count.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.model.lines import by_completion, lines_of, may_overlap, own_lines_of
from monitor.model.order import Order
from monitor.model.order_state import OrderState


@dataclass(frozen=True, slots=True)
class EarlierCount:
    """The judged count of a target before the present one."""

    count: int
    at: datetime
    has_offset: bool = False
    """Another source continues the series, and a given start count is not on the scale of its counts."""


def with_start_counts(states: Sequence[OrderState], count: int, now: datetime) -> list[OrderState]:
    """Return the orders as they would be if the newest count of their target was seen once more.

    For numbers that are shown before the next look; orders may have been imported since the newest count.
    """
    return measure_start_counts(states, count, now, EarlierCount(count, now))


def measure_start_counts(
    states: Sequence[OrderState],
    count: int,
    now: datetime,
    earlier: EarlierCount | None = None,
    *,
    trust_zero: bool = False,
) -> list[OrderState]:
    """Return the orders after a count: missing start counts measured, bases compared.

    Every completed order then has a start count. `trust_zero` believes a start count of 0 that the count
    contradicts.
    """
    completed = {one.order.order_id: one for one in states if _completed(one.order, now)}
    unknown = {
        order_id
        for order_id, one in completed.items()
        if one.order.start_count is None or (not trust_zero and _contradicts_zero(one, count, now))
    }
    new = unknown | {order_id for order_id, one in completed.items() if one.order.counted_at is None}
    if not new:
        return list(states)
    orders = _counted([one.order for one in completed.values()], unknown, count, now)
    has_offset = earlier is not None and earlier.has_offset
    compared = [
        order for order in orders.values() if _is_compared(order, orders.values(), new, has_offset=has_offset)
    ]
    if compared:
        lines = own_lines_of(orders.values())
        there = count + sum(one.undelivered for one in states)
        missing = _missing_before(states, new, earlier)
        for order in compared:
            excess = lines[order.order_id] - there - missing.get(order.order_id, 0)
            most = excess if has_offset else order.base  # without an offset, no count is below 0
            orders[order.order_id] = _lowered(order, min(excess, most), now)
    return [replace(one, order=orders.get(one.order.order_id, one.order)) for one in states]


def _completed(order: Order, now: datetime) -> bool:
    return order.completed_at is not None and order.completed_at <= now


def _contradicts_zero(state: OrderState, count: int, now: datetime) -> bool:
    """Whether this is the first judged count of an order, and too high for a start count of 0."""
    order = state.order
    given = order.start_count == 0 and not order.start_measured and not order.start_corrected
    return given and not state.settled_look and state.active(now) and count > 2 * order.delivered


def _counted(
    orders: Sequence[Order], unknown: Collection[str], count: int, now: datetime
) -> dict[str, Order]:
    """The orders with the start counts that this count measures; it contains what later orders delivered."""
    counted = {}
    before = count
    for order in sorted(orders, key=by_completion, reverse=True):
        before = max(0, before - order.delivered)
        seen = order if order.counted_at else replace(order, counted_at=now)
        if order.order_id in unknown:
            seen = replace(seen, start_count=before, start_measured=True, base_lowered=0, base_at=now)
        counted[order.order_id] = seen
    return counted


def _is_compared(order: Order, orders: Collection[Order], new: Collection[str], *, has_offset: bool) -> bool:
    """Whether the count tells something new about an order whose base may contain units of later orders."""
    later = [other for other in orders if by_completion(other) > by_completion(order)]
    concerned = [order, *(other for other in later if has_offset or may_overlap(order, other))]
    is_new = any(one.order_id in new for one in concerned)
    return is_new and (has_offset or any(one.base_at is not None for one in concerned))


def _missing_before(
    states: Sequence[OrderState], new: Collection[str], earlier: EarlierCount | None
) -> Mapping[str, int]:
    """What the lines of the orders counted and settled by then were above the earlier effective count."""
    if earlier is None:
        return {}
    effective = earlier.count + sum(one.in_flight(earlier.at) for one in states)
    settled = [one.order for one in states if one.order.order_id not in new and one.settled(earlier.at)]
    return {order_id: max(0, line - effective) for order_id, line in lines_of(settled).items()}


def _lowered(order: Order, excess: int, now: datetime) -> Order:
    return replace(order, base_lowered=order.base_lowered + max(0, excess), base_at=now)
