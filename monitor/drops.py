"""Drops: from a suspicion to a confirmed loss, or to a recovery (RULES 4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.order import Order
from monitor.terms import Terms


class DropState(StrEnum):
    """The states of a drop; the first three are open, one at most per order."""

    SUSPECTED = "suspected"
    """Seen, not yet confirmed."""
    WAITING = "waiting"
    """Confirmed, and its decision is to wait."""
    REFUSED = "refused"
    """Confirmed and refused; not decided again until it has recovered."""
    RECOVERED = "recovered"
    """A judged look below the threshold closed it."""
    REFILLED = "refilled"
    """A refill was queued for it."""
    HELD = "held"
    """A refill was made for it, which an operator must approve."""
    CLOSED = "closed"
    """A flag, or a status without guarantee, ended it."""

    @property
    def open(self) -> bool:
        return self in {DropState.SUSPECTED, DropState.WAITING, DropState.REFUSED}


@dataclass(frozen=True, slots=True)
class Drop:
    """One drop of one order."""

    order_id: str
    state: DropState
    opened_at: datetime
    looks: int = 1
    """Judged looks which showed it, the opening one included."""
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    drop_id: int | None = None
    """Its row, once it has one."""

    def closed(self, state: DropState, now: datetime) -> "Drop":
        return replace(self, state=state, closed_at=now)

    def keeps_active(self, order: Order) -> bool:
        """A suspected or waiting drop that opened inside the window outlives the window (RULES 3)."""
        undecided = self.state in {DropState.SUSPECTED, DropState.WAITING}
        return undecided and order.in_window(self.opened_at)


def observe(drop: Drop | None, order: Order, claim: int, now: datetime) -> Drop | None:
    """The order's drop after one more judged snapshot; None where there is none."""
    if claim < order.terms.threshold(order.delivered):
        return None if drop is None else drop.closed(DropState.RECOVERED, now)
    if drop is None:
        opens = order.in_window(now)
        return Drop(order.order_id, DropState.SUSPECTED, opened_at=now) if opens else None
    return replace(drop, looks=drop.looks + 1)


def confirm(drop: Drop, terms: Terms, now: datetime) -> Drop:
    """Confirm a suspected drop that has been seen often and long enough; others stay as they are."""
    seen_enough = drop.looks >= terms.confirmations and now - drop.opened_at >= terms.confirm_after
    if drop.state is DropState.SUSPECTED and seen_enough:
        return replace(drop, state=DropState.WAITING, confirmed_at=now)
    return drop
