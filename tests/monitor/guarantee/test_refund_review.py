"""RULES 1: refund reviews name the units and their share of the price."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.refund_review import Review, ReviewCause, review_of
from tests.builders import an_order
from tests.effort import examples


@pytest.mark.parametrize(
    ("price", "units", "share"),
    [
        ("10.00", 250, "2.50"),
        ("10", 1, "0.01"),
        ("1.00", 5, "0.01"),  # half a cent is rounded up, in the customer's favour
        ("1.00", 4, "0.00"),
        ("0.0900", 100, "0.0090"),  # panels write prices as finely as they like
        ("7.35", 1000, "7.35"),
    ],
)
def test_the_share_is_what_the_units_were_sold_for(price: str, units: int, share: str) -> None:
    """An order of 1000 units; to the cent, or as finely as the price is written."""
    assert str(replace(an_order(), price=Decimal(price)).price_of(units)) == share


def test_without_a_price_there_is_no_share() -> None:
    """The review is still opened."""
    review = review_of(an_order(), ReviewCause.SHORT_DELIVERY, 100)
    assert (review.units, review.share, review.currency) == (100, None, None)


def test_units_are_a_share_of_what_was_ordered_not_of_what_was_delivered() -> None:
    """The price was asked for the whole quantity: 800 delivered of 1000, 100 missing are a tenth of it."""
    order = replace(an_order(delivered=800, remains=200), price=Decimal("10.00"))
    assert order.price_of(100) == Decimal("1.00")


@pytest.mark.parametrize("cause", ReviewCause)
def test_every_cause_names_the_clause_of_the_policy(cause: ReviewCause) -> None:
    """So that the operator finds the rule that applies."""
    assert cause.clause.startswith("full or partial refund only when the order cannot be fulfilled")


@given(st.decimals(0, 10**6, places=4), st.integers(1, 10**6))
@examples(100)
def test_the_share_of_all_units_is_the_price_and_of_a_part_never_more(price: Decimal, quantity: int) -> None:
    """For a price with any number of digits."""
    order = replace(an_order(delivered=quantity), price=price)
    whole, part = order.price_of(quantity), order.price_of((quantity + 1) // 2)
    assert whole is not None
    assert part is not None
    assert whole == price
    assert part <= whole


@pytest.mark.parametrize("refill_id", [None, 7])
def test_a_review_has_all_that_the_operator_needs(refill_id: int | None) -> None:
    order = replace(an_order(), price=Decimal("10.00"), currency="EUR")
    review = review_of(order, ReviewCause.REFILL_GIVEN_UP, 250, refill_id)
    assert review == Review("1", ReviewCause.REFILL_GIVEN_UP, 250, Decimal("2.50"), "EUR", refill_id)
