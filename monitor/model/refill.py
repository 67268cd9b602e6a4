"""Refills: units owed to an order, and the state of their fulfilment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class RefillState(StrEnum):
    """The states of a refill; `held`, `queued` and `claimed` are open, the others are final."""

    HELD = "held"
    """Waits for an operator to approve or reject it; its units stay reserved."""
    QUEUED = "queued"
    """Waits for a worker of fulfilment."""
    CLAIMED = "claimed"
    """A worker processes it under a lease."""
    COMPLETED = "completed"
    """Delivered."""
    DEAD = "dead"
    """Failed for good: attempts used up, or an error that is not retryable. It can be requeued."""
    REJECTED = "rejected"
    """A held refill that an operator has rejected."""
    CANCELLED = "cancelled"
    """Withdrawn before delivery, by an operator or by a flag on the order."""

    @property
    def open(self) -> bool:
        return self in {RefillState.HELD, RefillState.QUEUED, RefillState.CLAIMED}


@dataclass(frozen=True, slots=True)
class Refill:
    """The part of a refill that the rules of the guarantee use."""

    order_id: str
    quantity: int
    state: RefillState
    completed_at: datetime | None = None
    delivered: int | None = None
    """Units delivered, as reported by fulfilment; None if not reported."""
    release_at: datetime | None = None
    """End of the hold, when the drop is decided again; None if only an operator can release it."""
    created_at: datetime | None = None
    """When it was decided; None where that is not known."""

    @property
    def units(self) -> int:
        """Units that this refill accounts for: 0 if it failed or was withdrawn, at most its quantity."""
        if self.state.open:
            return self.quantity
        if self.state is RefillState.COMPLETED:
            return self.quantity if self.delivered is None else min(self.delivered, self.quantity)
        return 0

    def in_flight(self, now: datetime, settle: timedelta) -> int:
        """Units not contained in the count yet: open, or completed less than `settle` ago (RULES 3)."""
        if self.completed_at is not None and now >= self.completed_at + settle:
            return 0
        return self.units
