"""Events about refills, and refund reviews."""

from dataclasses import dataclass
from decimal import Decimal

from monitor.events.event import Event, Payload, about_order
from monitor.events.kind import EventKind
from monitor.guarantee.refund_review import Review, ReviewCause
from monitor.model.order import Order
from monitor.model.refill import RefillState


@dataclass(frozen=True, slots=True)
class RefillDead(Payload):
    """Fulfilment gave up on a refill."""

    quantity: int
    error: str
    """What fulfilment said at last."""
    before: RefillState = RefillState.CLAIMED
    after: RefillState = RefillState.DEAD


@dataclass(frozen=True, slots=True)
class ReviewOpened(Payload):
    """A refund must be reviewed; refilld itself never refunds."""

    cause: ReviewCause
    units: int
    share: Decimal | None
    """Part of the price that the units were sold for; None without a price."""
    currency: str | None


def refill_dead(order: Order, refill_id: int, quantity: int, error: str) -> Event:
    """Fulfilment gave up on a refill."""
    return Event(EventKind.REFILL_DEAD, RefillDead(quantity, error), about_order(order, refill_id))


def review_opened(order: Order, review: Review) -> Event:
    """A refund must be reviewed."""
    payload = ReviewOpened(review.cause, review.units, review.share, review.currency)
    return Event(EventKind.REVIEW_OPENED, payload, about_order(order, review.refill_id))
