"""An order: what was sold and delivered, with the terms it was sold under (RULES 2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from monitor.model.target import Target
from monitor.model.terms import RefillMode, Terms, TermsOrigin


class OrderStatus(StrEnum):
    """Status of an order, spelled as panels write it."""

    PENDING = "Pending"
    IN_PROGRESS = "In progress"
    PROCESSING = "Processing"
    COMPLETED = "Completed"
    PARTIAL = "Partial"
    CANCELED = "Canceled"
    REFUNDED = "Refunded"
    FAIL = "Fail"

    @property
    def delivered(self) -> bool:
        """Completed or Partial: something was delivered, and it has a time of completion."""
        return self is OrderStatus.COMPLETED or self is OrderStatus.PARTIAL

    @property
    def waiting(self) -> bool:
        """Not delivered yet, but may be."""
        return self in {OrderStatus.PENDING, OrderStatus.IN_PROGRESS, OrderStatus.PROCESSING}


class Flag(StrEnum):
    """What suspends (`hold`) or voids (all others) the guarantee of an order."""

    HOLD = "hold"
    DISPUTE = "dispute"
    CHARGEBACK = "chargeback"
    ABUSE = "abuse"
    GUIDELINE_VIOLATION = "guideline_violation"

    @property
    def voids(self) -> bool:
        return self is not Flag.HOLD


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it was sold."""

    order_id: str
    service: str
    target: Target
    quantity: int
    status: OrderStatus
    terms: Terms
    remains: int = 0
    completed_at: datetime | None = None
    """Set exactly when the status is Completed or Partial."""
    start_count: int | None = None
    """What the target counted before the order; None until it is known or measured."""
    start_measured: bool = False
    """The start count was worked out from the first look, not given by the panel."""
    link_typed: str = ""
    provider: str | None = None
    customer: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    terms_from: TermsOrigin = TermsOrigin.ROW

    @property
    def delivered(self) -> int:
        """Units delivered: quantity less remains."""
        return self.quantity - self.remains

    @property
    def baseline(self) -> int:
        """Count of the target right after this order, were nothing else to change; needs a start count."""
        if self.start_count is None:
            raise ValueError(f"order {self.order_id} has no start count yet")
        return self.start_count + self.delivered

    @property
    def guaranteed(self) -> bool:
        """Whether the order carries the guarantee at all, by its terms and status (flags and time aside)."""
        if self.terms.refill is RefillMode.NEVER:
            return False
        if self.status is OrderStatus.PARTIAL and not self.terms.partial_orders:
            return False
        return self.status.delivered and self.delivered > 0

    @property
    def ends_at(self) -> datetime | None:
        """End of the guarantee; None before completion and for a lifetime."""
        if self.completed_at is None or self.terms.window is None:
            return None
        return self.completed_at + self.terms.window

    def first_look(self, now: datetime) -> datetime | None:
        """When it should be looked at first: at its completion; None when no guarantee runs (any more)."""
        over = self.ends_at is not None and now >= self.ends_at
        if not self.guaranteed or self.completed_at is None or over:
            return None
        return max(now, self.completed_at)

    def in_window(self, now: datetime) -> bool:
        """Whether `now` lies between completion and the guarantee's end (the end excluded)."""
        if self.completed_at is None or now < self.completed_at:
            return False
        return self.ends_at is None or now < self.ends_at
