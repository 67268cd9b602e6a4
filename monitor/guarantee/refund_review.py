"""Refund reviews: questions to the operator whether the policy requires a refund (RULES 1)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from monitor.model.order import Order


class ReviewCause(StrEnum):
    """Why a review was opened."""

    SHORT_DELIVERY = "short_delivery"
    """The first look after the delivery settled found units missing."""
    REFILL_GIVEN_UP = "refill_given_up"
    """Fulfilment could not deliver a refill."""

    @property
    def clause(self) -> str:
        """The clause of the policy that would justify a refund."""
        return _CLAUSES[self]


_FULFILLED = "full or partial refund only when the order cannot be fulfilled because of the system, the account, or a doubt about the item"  # noqa: E501
_CLAUSES = {
    ReviewCause.SHORT_DELIVERY: f"{_FULFILLED}: the delivery was short",
    ReviewCause.REFILL_GIVEN_UP: f"{_FULFILLED}: the refill could not be delivered",
}


@dataclass(frozen=True, slots=True)
class Review:
    """One question to the operator; the program never refunds by itself."""

    order_id: str
    cause: ReviewCause
    units: int
    share: Decimal | None
    """Part of the price that the units were sold for; None where the price is not known."""
    currency: str | None = None
    refill_id: int | None = None
    """The refill that was given up."""


def review_of(order: Order, cause: ReviewCause, units: int, refill_id: int | None = None) -> Review:
    """Return a review of `units` of an order, with their share of its price."""
    return Review(order.order_id, cause, units, order.price_of(units), order.currency, refill_id)
