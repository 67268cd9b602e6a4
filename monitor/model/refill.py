"""Refills: units owed to an order, on their way to fulfilment and back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RefillState(StrEnum):
    """The states of a refill; `held`, `queued` and `claimed` are open, the others are ends."""

    HELD = "held"
    """An operator must approve or reject it; its units stay reserved."""
    QUEUED = "queued"
    """Waits for a consumer."""
    CLAIMED = "claimed"
    """A consumer works on it under a lease."""
    COMPLETED = "completed"
    """Delivered."""
    DEAD = "dead"
    """Given up after the last attempt or a failure that is not retryable; may be requeued."""
    REJECTED = "rejected"
    """An operator said no to a held one."""
    CANCELLED = "cancelled"
    """Withdrawn before delivery, by an operator or by a flag on the order."""

    @property
    def open(self) -> bool:
        return self in {RefillState.HELD, RefillState.QUEUED, RefillState.CLAIMED}


@dataclass(frozen=True, slots=True)
class Refill:
    """What the guarantee's arithmetic needs to know of a refill."""

    order_id: str
    quantity: int
    state: RefillState
    completed_at: datetime | None = None
    delivered: int | None = None
    """Units that fulfilment said it delivered, where it said so."""
    release_at: datetime | None = None
    """When a held one is decided anew by itself; None where only an operator decides."""

    @property
    def units(self) -> int:
        """Units this refill stands for: none when it came to nothing, and never more than were owed."""
        if self.state.open:
            return self.quantity
        if self.state is RefillState.COMPLETED:
            return self.quantity if self.delivered is None else min(self.delivered, self.quantity)
        return 0

    def in_flight(self, now: datetime, settle: timedelta) -> int:
        """Units not yet to be seen in the count: open, or completed less than `settle` ago (RULES 3)."""
        if self.completed_at is not None and now >= self.completed_at + settle:
            return 0
        return self.units
