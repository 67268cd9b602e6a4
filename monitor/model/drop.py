"""A drop: the units that an order is missing, from the first suspicion to its end (RULES 4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.model.decision import Action, Reason
from monitor.model.order import Order


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
    last_decision: tuple[Action, Reason] | None = None
    """Action and reason of the newest decision on it."""

    def closed(self, state: DropState, now: datetime) -> "Drop":
        return replace(self, state=state, closed_at=now)

    def keeps_active(self, order: Order) -> bool:
        """A suspected or waiting drop that opened inside the window outlives the window (RULES 3)."""
        undecided = self.state in {DropState.SUSPECTED, DropState.WAITING}
        return undecided and order.in_window(self.opened_at)
