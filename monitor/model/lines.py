"""Lines: the count at which each order on a target is whole (docs/rules.md, section 3)."""

from collections.abc import Iterable
from datetime import datetime
from sys import maxsize

from monitor.model.instants import NO_END
from monitor.model.order import Order


def by_completion(order: Order) -> tuple[datetime, str]:
    """Sort key: orders of a target stand on each other by time of completion, then by id."""
    return order.completed_at or NO_END, order.order_id


def lines_of(orders: Iterable[Order]) -> dict[str, int]:
    """Return the line of each order, keyed by id: its lowest base, its units, and those of all later orders.

    Every order needs a start count; ValueError otherwise.
    """
    lines: dict[str, int] = {}
    delivered, lowest = 0, maxsize
    dated: list[Order] = []  # later orders whose creation is known; all others may overlap
    for order in sorted(orders, key=by_completion, reverse=True):
        delivered += order.delivered
        base = min([order.base, lowest, *(one.base for one in dated if may_overlap(order, one))])
        lines[order.order_id] = base + delivered
        if order.created_at is None:
            lowest = min(lowest, order.base)
        else:
            dated.append(order)
    return lines


def may_overlap(order: Order, later: Order) -> bool:
    """Whether an order completed later may have been under way when the base of `order` was taken."""
    return later.created_at is None or order.base_taken_at is None or later.created_at < order.base_taken_at


def own_lines_of(orders: Iterable[Order]) -> dict[str, int]:
    """Return the lines without the bases of later orders: at least the line among any of these orders."""
    lines: dict[str, int] = {}
    later = 0
    for order in sorted(orders, key=by_completion, reverse=True):
        lines[order.order_id] = order.base + order.delivered + later
        later += order.delivered
    return lines
