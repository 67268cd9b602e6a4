"""The states of a target's orders at times in the past, from the stored history."""

from datetime import datetime, timedelta

from monitor.model.drop import Drop, DropState
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from storage.order_history import History, PastDrop, PastRefill

SECOND = timedelta(seconds=1)


class PastStates:
    """The states of the orders on one target, each as it was just before a time."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.orders = [
            order for order in history.orders if order.guaranteed and order.start_count is not None
        ]
        """Orders under guarantee with a known line; others have no claim."""

    def changes(self, begin: datetime, end: datetime) -> list[datetime]:
        """The times at which something other than the count changes, sorted."""
        found = {begin, end}
        for order in self.orders:
            if order.completed_at is not None:
                found.add(order.completed_at + order.terms.settle)
            if order.ends_at is not None:
                found |= {order.ends_at - SECOND, order.ends_at}  # the last second, and the first too late
        settle = {order.order_id: order.terms.settle for order in self.orders}
        for refill in self._history.refills:
            found |= {at for at in (refill.created_at, refill.ended_at) if at is not None}
            if refill.completed_at is not None and refill.order_id in settle:
                found |= {refill.completed_at, refill.completed_at + settle[refill.order_id]}
        for drop in self._history.drops:
            found |= {at for at in (drop.opened_at, drop.closed_at) if at is not None}
        return sorted(at for at in found if begin <= at <= end)

    def states(self, at: datetime, without_open_refill: str = "") -> list[OrderState]:
        """The orders as they were just before a time; one of them as if it had no open refill."""
        refills: dict[str, list[Refill]] = {}
        for past in self._history.refills:
            refill = _refill(past, at)
            if refill is not None and not (refill.state.open and refill.order_id == without_open_refill):
                refills.setdefault(past.order_id, []).append(refill)
        drops = {
            drop.order_id: Drop(drop.order_id, _open_state(drop), drop.opened_at)
            for drop in self._history.drops
            if drop.opened_at < at and (drop.closed_at is None or drop.closed_at >= at)
        }
        return [
            OrderState(order, drop=drops.get(order.order_id), refills=tuple(refills.get(order.order_id, ())))
            for order in self.orders
        ]


def threshold(order: Order) -> int:
    """The smallest claim that is a drop of the order (RULES 4)."""
    return order.terms.threshold(order.delivered)


def _open_state(drop: PastDrop) -> DropState:
    """The state of a drop while it was open, as far as lines depend on it."""
    return DropState.REFUSED if drop.state is DropState.REFUSED else DropState.SUSPECTED


def _refill(past: PastRefill, at: datetime) -> Refill | None:
    """A refill as it was just before a time; None when it did not exist yet or had ended."""
    if past.created_at >= at or (past.ended_at is not None and past.ended_at < at):
        return None
    if past.completed_at is not None and past.completed_at < at:
        return Refill(past.order_id, past.quantity, RefillState.COMPLETED, past.completed_at, past.delivered)
    return Refill(past.order_id, past.quantity, RefillState.QUEUED)
