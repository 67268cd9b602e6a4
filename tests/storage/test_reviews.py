"""Refund reviews are opened once and closed once."""

from decimal import Decimal

import pytest
from sqlalchemy import Connection

from monitor.guarantee.refund_review import Review, ReviewCause
from monitor.model.refill import RefillState
from storage import review_list, reviews
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError
from storage.reviews import ReviewFilter, ReviewState
from tests.builders import HOUR, NOW, an_order
from tests.pages import rows_of_list
from tests.storage.shop import bring_to, sell


def opened(tx: Connection) -> Review | None:
    """Find a delivery of order 1 short."""
    return reviews.open_review(tx, Review("1", ReviewCause.SHORT_DELIVERY, 100, None), an_order("1"), NOW)


def test_a_short_delivery_is_reviewed_once(database: Database) -> None:
    """Also after the review was closed."""
    sell(database, an_order("1"))
    with database.write() as tx:
        dead = bring_to(tx, "1", RefillState.DEAD)  # which asks by itself
        (row,) = reviews.of_order(tx, "1")
        assert (row.cause, row.refill_id, row.closed_at) == (ReviewCause.REFILL_GIVEN_UP, dead, None)
        assert [opened(tx) is None for _ in range(2)] == [False, True]


def test_an_order_has_one_open_review_which_takes_over_the_units_of_the_last(database: Database) -> None:
    """So that no unit is refunded twice: of 500 and 300 units that may be the same, 500 stay open."""
    order = an_order("1", price=Decimal("10.00"))
    sell(database, order)
    with database.write() as tx:
        reviews.open_review(tx, Review("1", ReviewCause.SHORT_DELIVERY, 500, None), order, NOW)
        bring_to(tx, "1", RefillState.DEAD)
        (row,) = rows_of_list(review_list.page, tx, ReviewFilter(state=ReviewState.OPEN))
        first = reviews.of_order(tx, "1")[0]
    assert (row.cause, row.units, row.share) == (ReviewCause.REFILL_GIVEN_UP, 500, Decimal("5.00"))
    assert (first.note, first.closed_at) == ("taken over by the next review", NOW)


def test_open_reviews_are_counted_by_cause(database: Database) -> None:
    """Every cause has a number."""
    sell(database, *(an_order(order_id, f"user{order_id}") for order_id in "123"))
    with database.write() as tx:
        opened(tx)
        reviews.close(tx, reviews.of_order(tx, "1")[0].review_id, "", NOW)
        bring_to(tx, "2", RefillState.DEAD)
        bring_to(tx, "3", RefillState.DEAD)
        assert reviews.open_by_cause(tx) == {ReviewCause.SHORT_DELIVERY: 0, ReviewCause.REFILL_GIVEN_UP: 2}


def test_a_closed_review_has_its_note(database: Database) -> None:
    """It leaves the list of open reviews."""
    sell(database, an_order("1"))
    with database.write() as tx:
        opened(tx)
        (row,) = rows_of_list(review_list.page, tx, ReviewFilter(state=ReviewState.OPEN))
        reviews.close(tx, row.review_id, "refunded 1.20 EUR", NOW + HOUR)
        assert rows_of_list(review_list.page, tx, ReviewFilter(state=ReviewState.OPEN)) == []
        (row,) = rows_of_list(review_list.page, tx, ReviewFilter())
    assert (row.note, row.closed_at) == ("refunded 1.20 EUR", NOW + HOUR)


def test_a_review_is_closed_only_once(database: Database) -> None:
    """An unknown review cannot be closed."""
    sell(database, an_order("1"))
    with database.write() as tx:
        opened(tx)
        (row,) = reviews.of_order(tx, "1")
        reviews.close(tx, row.review_id, "", NOW)
        with pytest.raises(WrongStateError, match=f"review {row.review_id} is closed already"):
            reviews.close(tx, row.review_id, "", NOW)
        with pytest.raises(NotFoundError, match="there is no review 4040"):
            reviews.close(tx, 4040, "", NOW)


def test_a_listed_review_shows_the_units_refilled_since(database: Database) -> None:
    """So that refilled units are not refunded."""
    sell(database, an_order("1"))
    with database.write() as tx:
        bring_to(tx, "1", RefillState.COMPLETED, NOW - HOUR)
        opened(tx)
        bring_to(tx, "1", RefillState.COMPLETED)
        (row,) = rows_of_list(review_list.page, tx, ReviewFilter(state=ReviewState.OPEN))
    assert type(row.refilled) is int  # PostgreSQL sums to a decimal, which JSON would show as text
    assert row.refilled == 300
