"""A drop: an order that misses units, from the first look that shows it until it is closed (RULES 4)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from monitor.model.decision import Action, Reason
from monitor.model.order import Order


class DropState(StrEnum):
    """The states of a drop; the first three are open. An order has at most one open drop."""

    SUSPECTED = "suspected"
    """Seen, but not confirmed yet."""
    WAITING = "waiting"
    """Confirmed; the decision is to wait."""
    REFUSED = "refused"
    """Confirmed and refused; not decided again before it has recovered."""
    RECOVERED = "recovered"
    """Closed by a judged count at which the claim is below the threshold."""
    REFILLED = "refilled"
    """A refill was queued for it."""
    HELD = "held"
    """A refill for it is held until an operator approves it or the hold ends."""
    CLOSED = "closed"
    """Closed by a flag, or by a status without guarantee."""

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
    """Judged looks that have shown it, including the one that opened it."""
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    drop_id: int | None = None
    """Primary key of its row; None before it is stored."""
    backlog: bool = False
    """It existed already when an order of a backlog was first judged (RULES 10)."""
    last_decision: tuple[Action, Reason] | None = None
    """Action and reason of the newest decision on it."""

    @property
    def declined(self) -> bool:
        """Whether an operator has declined its refill."""
        return self.last_decision == (Action.REFUSE, Reason.DECLINED)

    def closed(self, state: DropState, now: datetime) -> "Drop":
        return replace(self, state=state, closed_at=now)

    def keeps_active(self, order: Order) -> bool:
        """Whether the order stays active past its window: a drop opened inside it is undecided (RULES 3)."""
        undecided = self.state in {DropState.SUSPECTED, DropState.WAITING}
        return undecided and order.in_window(self.opened_at)
