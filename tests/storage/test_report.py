"""The sums of the report: drops, refills, reviews, and requests of customers."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import drops, leases, report, requests, reviews
from storage.engine import Database
from storage.report import DropSums, RefillSums, ReviewSums, WaitingRequest
from storage.schema import refills as refills_table
from storage.schema import reviews as reviews_table
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, a_claim, a_drop, a_post, an_order
from tests.storage.shop import bring_to, owe, sell

SINCE = NOW - DAY
LONG_AGO = NOW - 3 * DAY


def put_drop(database: Database, order_id: str, state: DropState, units: int = 300, **changes: Any) -> None:
    with database.write() as connection:
        drops.save(connection, a_drop(order_id, state, **changes), a_claim(order_id, units), count=1700)


def test_the_drops_of_the_period_are_summed_by_metric_service_and_provider(database: Database) -> None:
    """Each event counts if it is within the period; only confirmed drops have missing units."""
    sell(
        database,
        an_order("1", "nasa", provider="acme"),
        an_order("2", "esa", provider="acme"),
        an_order("3", "jaxa", provider=None),
        an_order("4", target=a_post(), service="likes", provider="acme"),
        an_order("5", "isro", provider="acme"),
    )
    put_drop(database, "1", DropState.REFILLED, 300, opened_at=LONG_AGO, confirmed_at=NOW - HOUR)
    put_drop(database, "2", DropState.WAITING, 50, opened_at=NOW - HOUR, confirmed_at=NOW)
    put_drop(database, "3", DropState.RECOVERED, 4, opened_at=NOW - HOUR, closed_at=NOW)
    put_drop(database, "4", DropState.SUSPECTED, 70, opened_at=SINCE)
    before = {"opened_at": LONG_AGO, "confirmed_at": LONG_AGO}
    put_drop(database, "5", DropState.RECOVERED, 2, closed_at=LONG_AGO, **before)
    put_drop(database, "5", DropState.REFILLED, 90, closed_at=NOW, **before)
    with database.read() as connection:
        found = report.drop_sums(connection, SINCE)
    assert sorted(found, key=lambda row: (row.metric, row.provider is None)) == [
        DropSums(Metric.FOLLOWERS, "followers", "acme", opened=1, confirmed=2, recovered=0, missing=350),
        DropSums(Metric.FOLLOWERS, "followers", None, opened=1, confirmed=0, recovered=1, missing=0),
        DropSums(Metric.LIKES, "likes", "acme", opened=1, confirmed=0, recovered=0, missing=0),
    ]


def test_refills_are_summed_by_state_and_price(database: Database) -> None:
    """Those of one price and quantity are one row, with the time of the oldest."""
    price: dict[str, Any] = {"price": Decimal("1.50"), "currency": "USD"}
    sell(
        database,
        an_order("1", "nasa", **price),
        an_order("2", "esa", **price),
        an_order("3", "jaxa", **price | {"price": Decimal("2.00")}),
        an_order("4", "isro"),
    )
    with database.write() as connection:
        owe(connection, "1", at=NOW - 2 * HOUR)
        owe(connection, "2", at=NOW - HOUR)
        owe(connection, "3", at=NOW)
        held = owe(connection, "4", Action.HOLD, at=NOW, reason=Reason.MASS_DROP)
        release: dict[str, Any] = {"release_at": NOW + DAY}
        connection.execute(update(refills_table).where(refills_table.c.refill_id == held).values(release))
    with database.read() as connection:
        found = report.refill_sums(connection, SINCE)
    common: dict[str, Any] = {"metric": Metric.FOLLOWERS, "ordered": 1000, "release_at": None}
    queued: dict[str, Any] = {
        "state": RefillState.QUEUED,
        "reason": Reason.DROP_CONFIRMED,
        "currency": "USD",
        **common,
    }
    assert sorted(found, key=lambda row: row.created_at.isoformat() + row.state) == [
        RefillSums(
            price=Decimal("1.50"), refills=2, units=600, created_at=NOW - 2 * HOUR,
            queued_at=NOW - 2 * HOUR, **queued,
        ),
        RefillSums(
            price=None, refills=1, units=300, created_at=NOW, queued_at=None,
            **common | release, state=RefillState.HELD, reason=Reason.MASS_DROP, currency=None,
        ),
        RefillSums(
            price=Decimal("2.00"), refills=1, units=300, created_at=NOW, queued_at=NOW, **queued
        ),
    ]  # fmt: skip


def test_only_completed_refills_have_to_be_of_the_period(database: Database) -> None:
    """Open and dead ones count whatever their age; rejected and cancelled ones never."""
    states = [*RefillState]
    sell(database, *(an_order(str(state), f"user{i}") for i, state in enumerate(states)), an_order("new"))
    with database.write() as connection:
        for state in sorted(states, key=lambda state: state is RefillState.QUEUED):  # bring_to claims any
            bring_to(connection, str(state), state, at=LONG_AGO)
    with database.read() as connection:
        found = {row.state for row in report.refill_sums(connection, SINCE)}
        earlier = {row.state for row in report.refill_sums(connection, LONG_AGO)}
    assert found == {RefillState.HELD, RefillState.QUEUED, RefillState.CLAIMED, RefillState.DEAD}
    assert earlier - found == {RefillState.COMPLETED}


def test_a_dead_refill_counts_until_the_order_gets_another(database: Database) -> None:
    """Whatever became of that: the units of the dead one were counted as missing again."""
    after = [RefillState.QUEUED, RefillState.COMPLETED, RefillState.DEAD, RefillState.REJECTED]
    sell(
        database, an_order("alone", "nasa"), *(an_order(str(one), f"user{i}") for i, one in enumerate(after))
    )
    with database.write() as connection:
        for order_id in ("alone", *map(str, after)):
            bring_to(connection, order_id, RefillState.DEAD, at=LONG_AGO)
        for state in sorted(after, key=lambda one: one is RefillState.QUEUED):  # bring_to claims any
            bring_to(connection, str(state), state)
    with database.read() as connection:
        found = [
            row.refills for row in report.refill_sums(connection, SINCE) if row.state is RefillState.DEAD
        ]
    assert sum(found) == 2  # of the order alone, and the later one of the order with two


def test_a_completed_refill_counts_what_was_delivered(database: Database) -> None:
    """Never more than was owed."""
    sell(database, *(an_order(str(i), f"user{i}") for i in range(3)))
    with database.write() as connection:
        for order_id, delivered in (("0", 120), ("1", 500), ("2", None)):
            refill_id = owe(connection, order_id)
            (row,) = leases.claim(connection, NOW, limit=1, lease=HOUR)
            lease_calls.complete(connection, refill_id, row.lease_token, NOW, delivered=delivered)
    with database.read() as connection:
        (found,) = report.refill_sums(connection, SINCE)
    assert (found.refills, found.units) == (3, 120 + 300 + 300)


def test_open_reviews_are_summed_by_share(database: Database) -> None:
    """A closed one does not count."""
    sold = [
        an_order(str(i), f"user{i}", price=Decimal("1.50"), currency="USD", delivered=1000) for i in range(3)
    ]
    sell(database, *sold)
    with database.write() as connection:
        for hours, order in enumerate(sold):
            review = review_of(order, ReviewCause.SHORT_DELIVERY, 100)
            reviews.open_review(connection, review, order, NOW - hours * HOUR)
        newest = connection.execute(select(reviews_table.c.review_id).where(reviews_table.c.order_id == "0"))
        reviews.close(connection, newest.scalar_one(), "", NOW)
    with database.read() as connection:
        found = report.review_sums(connection)
    assert found == [ReviewSums(ReviewCause.SHORT_DELIVERY, Decimal("0.15"), "USD", 2, 200, NOW - 2 * HOUR)]


def test_the_customers_that_wait_longest_are_named_and_all_are_counted(database: Database) -> None:
    """An order counts once, from its first request; an answered one does not wait."""
    sell(database, *(an_order(str(i), f"user{i}", customer=f"customer {i}") for i in range(4)))
    with database.write() as connection:
        for order_id, hours in (("0", 9), ("1", 5), ("1", 1), ("2", 7), ("3", 3)):
            requests.ask(connection, order_id, NOW - hours * HOUR)
        requests.answered(connection, "0", NOW)
    with database.read() as connection:
        number, longest = report.waiting_requests(connection, limit=2)
    assert number == 3
    assert longest == [
        WaitingRequest("2", "customer 2", "followers", NOW - 7 * HOUR),
        WaitingRequest("1", "customer 1", "followers", NOW - 5 * HOUR),
    ]


def test_without_orders_every_sum_is_empty(database: Database) -> None:
    with database.read() as connection:
        assert not report.any_order(connection)
        assert report.drop_sums(connection, SINCE) == []
        assert report.refill_sums(connection, SINCE) == []
        assert report.review_sums(connection) == []
        assert report.waiting_requests(connection, 3) == (0, [])
