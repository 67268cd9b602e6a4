"""RULES 1: short deliveries and dead refills open refund reviews."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.leases import Leases
from monitor.model.order import OrderStatus
from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, INSTANT, START
from tests.jobs.jobs_world import JobsWorld, an_order

SETTLED = START + DAY
QUEUED_AGAIN = "refill {} is queued for these units"
PRICED: dict[str, Any] = {"price": Decimal("10.00"), "currency": "EUR"}


def reviews_of(world: JobsWorld) -> list[tuple[str, str, int, Decimal | None]]:
    return world.rows("reviews", "order_id", "cause", "units", "share")


@pytest.fixture
def sold(world: JobsWorld) -> JobsWorld:
    world.sell(an_order(**PRICED))
    return world


def test_a_short_delivery_is_reviewed(sold: JobsWorld) -> None:
    """1000 sold for 10.00, 200 missing at the first settled look: a share of 2.00."""
    sold.look(1800, SETTLED)
    assert reviews_of(sold) == [("1", "short_delivery", 200, Decimal("2.00"))]
    assert "order 1: 200 units, 2.00 EUR (short_delivery)" in sold.alerts("text")[0]


def test_a_shortfall_below_the_threshold_is_not_reviewed(sold: JobsWorld) -> None:
    """The threshold is 5% of 1000 = 50 units; 49 are missing."""
    sold.look(1951, SETTLED)
    assert reviews_of(sold) == []


def test_only_the_first_look_after_settling_shows_a_short_delivery(sold: JobsWorld) -> None:
    """A later loss is a drop; before settling, units may still arrive."""
    sold.look(1800, SETTLED - INSTANT)
    sold.look(2000, SETTLED)
    sold.look(1800, SETTLED + HOUR)
    assert reviews_of(sold) == []


def test_a_failed_look_is_not_the_first_look_after_settling(sold: JobsWorld) -> None:
    """The next count is the first settled look."""
    sold.look(Outcome.TRANSIENT, SETTLED)
    sold.look(1800, SETTLED + HOUR)
    assert [cause for _, cause, *_ in reviews_of(sold)] == ["short_delivery"]


def test_a_measured_start_count_shows_no_short_delivery(world: JobsWorld) -> None:
    """There is no earlier count to compare with, unless the count is below the delivered units."""
    world.sell(an_order(start_count=None), an_order("2", "nasa", start_count=None))
    world.look(1700, SETTLED)
    world.look(700, SETTLED, profile="nasa")
    assert reviews_of(world) == [("2", "short_delivery", 300, None)]


def test_a_short_delivery_is_also_refilled(sold: JobsWorld) -> None:
    """A review does not end the guarantee."""
    sold.look(1800, SETTLED)
    sold.look(1800, SETTLED + 2 * HOUR)
    assert sold.rows("refills", "quantity") == [200]
    assert len(reviews_of(sold)) == 1


def test_units_that_overlapping_orders_miss_are_reviewed_once(world: JobsWorld) -> None:
    """Two orders of 1000 on one profile, 300 missing of 3000: one review of 300, not two."""
    world.sell(an_order(**PRICED), an_order("2", completed_at=START + HOUR, start_count=2000, **PRICED))
    world.look(2700, START + 2 * DAY)
    assert reviews_of(world) == [("1", "short_delivery", 300, Decimal("3.00"))]


def test_a_refill_that_fulfilment_gives_up_is_reviewed(sold: JobsWorld) -> None:
    """The review has the units of the refill."""
    sold.look(2000, SETTLED)
    sold.lose(1500)
    sold.give_up()
    assert reviews_of(sold) == [("1", "refill_given_up", 500, Decimal("5.00"))]


def test_a_refill_that_runs_out_of_attempts_is_reviewed(sold: JobsWorld) -> None:
    """Ended leases count as attempts like reported failures."""
    sold.look(2000, SETTLED)
    sold.lose(1500)
    sold.claim(HOUR)
    sold.now += HOUR
    Leases(sold.database, sold.clock, max_attempts=1).run_once()
    assert [cause for _, cause, *_ in reviews_of(sold)] == ["refill_given_up"]


def test_requeueing_a_refill_closes_its_review(sold: JobsWorld) -> None:
    """Given up again, it opens a new review."""
    sold.look(2000, SETTLED)
    sold.lose(1500)
    sold.give_up()
    sold.operate("requeue")
    assert sold.rows("reviews", "closed_at", "note") == [(sold.now, QUEUED_AGAIN.format(1))]
    sold.give_up()
    assert [closed is None for closed in sold.rows("reviews", "closed_at")] == [False, True]


def test_the_next_refill_of_the_order_closes_the_review_of_a_given_up_one(sold: JobsWorld) -> None:
    """The same units must not be refunded and delivered; the audit trail tells it."""
    sold.look(2000, SETTLED)
    sold.lose(1500)
    sold.give_up()
    sold.lose(1500, sold.now + HOUR)
    assert sold.rows("refills", "state") == ["dead", "queued"]
    assert sold.rows("reviews", "closed_at", "note") == [(sold.now, QUEUED_AGAIN.format(2))]
    assert sold.rows("events", "kind").count("review.closed") == 1


def test_a_held_refill_closes_the_review_of_a_given_up_one_once_it_is_queued(world: JobsWorld) -> None:
    """As long as it is held nobody delivers its units."""
    world.sell(an_order())
    world.look(2000, SETTLED)
    world.lose(1500)
    world.give_up()
    world.lose(900, world.now + HOUR)  # below the start count, so held
    assert world.rows("refills", "state") == ["dead", "held"]
    assert world.rows("reviews", "closed_at") == [None]
    world.operate("approve", 2)
    assert world.rows("reviews", "note") == [QUEUED_AGAIN.format(2)]


def test_a_queued_refill_leaves_the_review_of_a_short_delivery_open(sold: JobsWorld) -> None:
    """It asks about the delivery, not about a refill."""
    sold.look(1800, SETTLED)
    sold.look(1800, SETTLED + 2 * HOUR)
    assert sold.rows("refills", "state") == ["queued"]
    assert sold.rows("reviews", "closed_at") == [None]


def test_a_new_delivery_has_its_own_first_look(world: JobsWorld) -> None:
    """A partial order that is completed later can open another review."""
    partial = an_order(status=OrderStatus.PARTIAL, remains=500, **PRICED)
    world.sell(partial)
    world.look(1500, SETTLED)
    world.now += DAY
    world.sell(an_order(completed_at=world.now, **PRICED))
    world.look(1500, world.now + DAY)
    assert reviews_of(world) == [("1", "short_delivery", 500, Decimal("5.00"))]
