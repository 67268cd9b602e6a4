"""Refund reviews are opened once and closed once."""

import pytest
from shop import HOUR, NOW, an_order, bring_to, sell

from monitor.refill import RefillState
from monitor.review import Review, ReviewCause
from storage import reviews
from storage.engine import Database
from storage.errors import NotFoundError, WrongStateError

SHORT = Review("1", ReviewCause.SHORT_DELIVERY, 100, None)


def test_the_same_thing_is_asked_once(database: Database) -> None:
    """A short delivery is reviewed once for ever, a refill as long as its review is open."""
    sell(database, an_order("1"))
    with database.write() as tx:
        dead = bring_to(tx, "1", RefillState.DEAD)  # which asks by itself
        refill = Review("1", ReviewCause.REFILL_GIVEN_UP, 300, None, refill_id=dead)
        assert [reviews.open_review(tx, r, NOW) for r in (SHORT, SHORT, refill)] == [True, False, False]
        for row in reviews.of_order(tx, "1"):
            reviews.close(tx, row.review_id, "no", NOW)
        assert [reviews.open_review(tx, r, NOW) for r in (SHORT, refill)] == [False, True]


def test_a_closed_review_says_what_was_done(database: Database) -> None:
    """It leaves the list of open ones and stays in the other."""
    sell(database, an_order("1"))
    with database.write() as tx:
        reviews.open_review(tx, SHORT, NOW)
        (row,) = reviews.listed(tx, open_only=True, limit=10)
        reviews.close(tx, row.review_id, "refunded 1.20 EUR", NOW + HOUR)
        assert reviews.listed(tx, open_only=True, limit=10) == []
        (row,) = reviews.listed(tx, open_only=False, limit=10)
    assert (row.note, row.closed_at) == ("refunded 1.20 EUR", NOW + HOUR)


def test_a_review_is_closed_only_once(database: Database) -> None:
    """And one that is not there not at all."""
    sell(database, an_order("1"))
    with database.write() as tx:
        reviews.open_review(tx, SHORT, NOW)
        (row,) = reviews.of_order(tx, "1")
        reviews.close(tx, row.review_id, "", NOW)
        with pytest.raises(WrongStateError, match=f"review {row.review_id} is closed already"):
            reviews.close(tx, row.review_id, "", NOW)
        with pytest.raises(NotFoundError, match="there is no review 4040"):
            reviews.close(tx, 4040, "", NOW)


def test_the_list_says_what_was_refilled_since(database: Database) -> None:
    """So that nobody refunds what a refill has made good."""
    sell(database, an_order("1"))
    with database.write() as tx:
        reviews.open_review(tx, SHORT, NOW)
        bring_to(tx, "1", RefillState.COMPLETED)
        (row,) = reviews.listed(tx, open_only=True, limit=10)
    assert row.refilled == 300
