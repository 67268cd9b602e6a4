"""RULES 3: properties of the claims of any target."""

from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.claims import claims_of
from monitor.model.order_state import OrderState
from tests.builders import NOW, an_order, an_order_state
from tests.effort import examples
from tests.monitor.guarantee.evaluation_steps import units
from tests.monitor.guarantee.naive_model import naive_claims, naive_world
from tests.monitor.strategies import HOURS, targets
from tests.proof.naive_orders import units_in_flight

COUNTS = st.integers(0, 200)


@given(targets(), COUNTS, HOURS)
@examples(75)
def test_the_claims_of_a_target_never_exceed_what_is_missing(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3: so the claims of a target never exceed what is missing, for any overlap."""
    claims = claims_of(orders, count, now)
    naive = naive_claims(naive_world(orders), count, now).values()
    missing = max([0, *(claim["line"] - claim["effective"] for claim in naive)])
    assert missing >= sum(units(claims).values())


@given(targets(), COUNTS, HOURS)
@examples(75)
def test_no_claim_exceeds_the_room_of_its_order(orders: list[OrderState], count: int, now: datetime) -> None:
    """RULES 3: what an order pays in all slices stays within 0 and its room."""
    claims = units(claims_of(orders, count, now))
    world = naive_world(orders)
    for order in world["orders"]:
        own = [refill for refill in world["refills"] if refill["order"] is order]
        room = max(0, order["quantity"] - order["remains"] - units_in_flight(world, own, now))
        assert 0 <= claims.get(order["order_id"], 0) <= room


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 3 * 10**9))
@examples(75)
def test_one_order_alone_claims_by_the_usual_formula(start: int, delivered: int, count: int) -> None:
    """RULES 3: claim = min(delivered, start_count + delivered - count), never below 0."""
    state = an_order_state(an_order(start_count=start, delivered=delivered))
    formula = max(0, min(delivered, start + delivered - count))
    assert formula == units(claims_of([state], count, NOW))["1"]


@given(targets(), COUNTS, HOURS)
@examples(75)
def test_the_claims_of_a_target_are_the_most_that_lines_and_rooms_allow(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3: the maximum flow from orders to slices, by its minimum cut.

    The orders that reach a slice also reach all lower ones. So a cut takes the rooms of all orders whose line
    is above some height, and all missing units below that height.
    """
    claims = units(claims_of(orders, count, now))
    world = naive_world(orders)
    naive = naive_claims(world, count, now).values()
    effective = max((claim["effective"] for claim in naive), default=0)
    heights = {effective, *(max(effective, claim["line"]) for claim in naive)}
    cuts = (
        sum(claim["room"] for claim in naive if claim["line"] > height) + height - effective
        for height in heights
    )
    assert sum(claims.values()) == min(cuts)


@given(targets(), COUNTS, HOURS, st.randoms(use_true_random=False))
@examples(60)
def test_the_order_of_the_given_orders_does_not_matter(
    orders: list[OrderState], count: int, now: datetime, random: Random
) -> None:
    """RULES 3: the order of a target's orders is that of (completed_at, order_id), in any input order."""
    shuffled = list(orders)
    random.shuffle(shuffled)
    assert claims_of(orders, count, now) == claims_of(shuffled, count, now)


@given(targets(), COUNTS, HOURS)
@examples(125)
def test_claims_agree_with_the_naive_model(orders: list[OrderState], count: int, now: datetime) -> None:
    """RULES 3, twice: slices and room against one payer for each single missing unit."""
    naive = naive_claims(naive_world(orders), count, now)
    claims = claims_of(orders, count, now)
    assert {i: (n["line"], n["floor"], n["effective"], n["claim"]) for i, n in naive.items()} == {
        i: (c.line, c.floor, c.effective, c.units) for i, c in claims.items()
    }


@given(targets(), COUNTS, HOURS)
@examples(60)
def test_a_higher_count_never_increases_the_claims(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3: each unit that comes back by itself reduces the missing units."""
    less = sum(units(claims_of(orders, count + 1, now)).values())
    assert less <= sum(units(claims_of(orders, count, now)).values())
