"""Lines: the count at which each order on a target is whole (docs/rules.md, section 3)."""

from collections.abc import Iterable
from datetime import datetime

from monitor.model.instants import NO_END
from monitor.model.order import Order


def by_completion(order: Order) -> tuple[datetime, str]:
    """Sort key: orders of a target stand on each other by time of completion, then by id."""
    return order.completed_at or NO_END, order.order_id


def lines_of(orders: Iterable[Order]) -> dict[str, int]:
    """Return the line of each order, keyed by id: its baseline plus all that later orders delivered.

    Every order needs a start count; ValueError otherwise.
    """
    lines: dict[str, int] = {}
    later = 0
    for order in sorted(orders, key=by_completion, reverse=True):
        lines[order.order_id] = order.baseline + later
        later += order.delivered
    return lines
