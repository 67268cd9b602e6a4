"""What was true of a target's orders at a moment of its history."""

from datetime import datetime, timedelta

from monitor.model.drop import Drop, DropState
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from storage.order_history import History, PastDrop, PastRefill

SECOND = timedelta(seconds=1)


class CountTimes:
    """A history, asked about its moments: each as it was just before what was written at it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.orders = [
            order for order in history.orders if order.guaranteed and order.start_count is not None
        ]
        """Those whose line is known; of others nothing can be claimed."""

    def changes(self, begin: datetime, end: datetime) -> list[datetime]:
        """When something changes beside the count, in order, from the beginning to the end."""
        found = {begin, end}
        for order in self.orders:
            if order.completed_at is not None:
                found.add(order.completed_at + order.terms.settle)
            if order.ends_at is not None:
                found |= {
                    order.ends_at - SECOND,
                    order.ends_at,
                }  # the last moment, and the first that is too late
        settle = {order.order_id: order.terms.settle for order in self.orders}
        for refill in self._history.refills:
            found |= {at for at in (refill.created_at, refill.ended_at) if at is not None}
            if refill.completed_at is not None and refill.order_id in settle:
                found |= {refill.completed_at, refill.completed_at + settle[refill.order_id]}
        for drop in self._history.drops:
            found |= {at for at in (drop.opened_at, drop.closed_at) if at is not None}
        return sorted(at for at in found if begin <= at <= end)

    def watched(self, at: datetime, unheld: str = "") -> list[OrderState]:
        """The orders as they stood just before a moment; the order `unheld` as if it had no open refill."""
        refills: dict[str, list[Refill]] = {}
        for past in self._history.refills:
            refill = _refill(past, at)
            if refill is not None and not (refill.state.open and refill.order_id == unheld):
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
    """The claim at which an order has a drop (RULES 4)."""
    return order.terms.threshold(order.delivered)


def _open_state(drop: PastDrop) -> DropState:
    """The state that a drop had while it was open, as far as lines depend on it."""
    return DropState.REFUSED if drop.state is DropState.REFUSED else DropState.SUSPECTED


def _refill(past: PastRefill, at: datetime) -> Refill | None:
    """A refill as it stood just before a moment; None where it was not there, or stood for nothing."""
    if past.created_at >= at or (past.ended_at is not None and past.ended_at < at):
        return None
    if past.completed_at is not None and past.completed_at < at:
        return Refill(past.order_id, past.quantity, RefillState.COMPLETED, past.completed_at, past.delivered)
    return Refill(past.order_id, past.quantity, RefillState.QUEUED)
