"""An order: what was sold and delivered, and the terms of its guarantee (RULES 2)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from monitor.model.money import finest, rounded, share_of_price
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
        """Completed or Partial: the delivery has ended, and the order has a time of completion."""
        return self is OrderStatus.COMPLETED or self is OrderStatus.PARTIAL

    @property
    def waiting(self) -> bool:
        """Whether the delivery is still to come or under way."""
        return self in {OrderStatus.PENDING, OrderStatus.IN_PROGRESS, OrderStatus.PROCESSING}


class Flag(StrEnum):
    """A flag on an order: `hold` suspends its guarantee, all others void it."""

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
    """One order, as imported."""

    order_id: str
    service: str
    target: Target
    quantity: int
    status: OrderStatus
    terms: Terms
    remains: int = 0
    completed_at: datetime | None = None
    """Set if and only if the status is Completed or Partial."""
    start_count: int | None = None
    """Count of the target before the delivery; None until it is given or measured."""
    start_measured: bool = False
    """The start count was derived from the first look, not given by the panel."""
    start_corrected: bool = False
    """An operator gave the start count: no imported row and no count changes it."""
    created_at: datetime | None = None
    """When the order was placed, if the panel tells it."""
    base_lowered: int = 0
    """Units by which the base is below the start count, found when a later order was first counted."""
    base_at: datetime | None = None
    """The look that measured the start count or last compared the base; None for a base as given."""
    counted_at: datetime | None = None
    """The first count at or after the completion; None before that."""
    link_typed: str = ""
    provider: str | None = None
    customer: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    language: str | None = None
    """Code of the customer's language, such as `es`; None if the panel does not tell it."""
    terms_from: TermsOrigin = TermsOrigin.ROW

    @property
    def delivered(self) -> int:
        """Units delivered: quantity minus remains."""
        return self.quantity - self.remains

    @property
    def base(self) -> int:
        """The start count, less what it was lowered by; raises ValueError without a start count."""
        if self.start_count is None:
            raise ValueError(f"order {self.order_id} has no start count yet")
        return self.start_count - self.base_lowered

    @property
    def base_taken_at(self) -> datetime | None:
        """Time until which units of other orders may have become part of the base; None before completion."""
        return self.base_at or self.completed_at

    @property
    def baseline(self) -> int:
        """Base plus delivered units; raises ValueError without a start count."""
        return self.base + self.delivered

    @property
    def guaranteed(self) -> bool:
        """Whether terms and status give the order a guarantee; flags and time are not considered."""
        if self.terms.refill is RefillMode.NEVER:
            return False
        if self.status is OrderStatus.PARTIAL and not self.terms.partial_orders:
            return False
        return self.status.delivered and self.delivered > 0

    @property
    def ends_at(self) -> datetime | None:
        """End of the guarantee; None before completion and for a lifetime guarantee."""
        if self.completed_at is None or self.terms.window is None:
            return None
        return self.completed_at + self.terms.window

    def price_of(self, units: int) -> Decimal | None:
        """What units were sold for, to the cent or to the decimals of the price; None without a price."""
        if self.price is None:
            return None
        return rounded(share_of_price(self.price, units, self.quantity), finest(self.price))

    def first_look(self, now: datetime) -> datetime | None:
        """Time of the first look: completion, but not before `now`; None without a running guarantee."""
        ended = self.ends_at is not None and now >= self.ends_at
        if not self.guaranteed or self.completed_at is None or ended:
            return None
        return max(now, self.completed_at)

    def in_window(self, now: datetime) -> bool:
        """Whether `now` is between completion and the end of the guarantee (end excluded)."""
        if self.completed_at is None or now < self.completed_at:
            return False
        return self.ends_at is None or now < self.ends_at
