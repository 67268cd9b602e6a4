"""RULES 3: what holds of the claims of any target, whatever overlaps."""

from datetime import datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.claims import claims_of
from monitor.model.order_state import OrderState
from tests.monitor.worlds import (
    HOURS,
    NOW,
    a_watched,
    an_order,
    examples,
    naive_active,
    naive_claims,
    naive_in_flight,
    naive_lines,
    naive_stake,
    targets,
    units,
)

COUNTS = st.integers(0, 200)


@given(targets(), COUNTS, HOURS)
@examples(150)
def test_the_claims_of_a_target_never_exceed_what_is_missing(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3: so the claims of a target never exceed what is missing, whatever overlaps."""
    claims = claims_of(orders, count, now)
    active = [naive_stake(w, now) for w in orders if naive_active(w, now)]
    effective = count + sum(naive_in_flight(w, now) for w in orders)
    missing = max(0, max(naive_lines(active).values(), default=0) - effective)
    assert missing >= sum(units(claims).values())


@given(targets(), COUNTS, HOURS)
@examples(150)
def test_no_claim_exceeds_the_room_of_its_order(orders: list[OrderState], count: int, now: datetime) -> None:
    """RULES 3: what an order pays in all slices stays within 0 and its room."""
    claims = units(claims_of(orders, count, now))
    for state in orders:
        order = state.order
        room = max(0, order.quantity - order.remains - naive_in_flight(state, now))
        assert 0 <= claims.get(order.order_id, 0) <= room


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 3 * 10**9))
@examples(150)
def test_one_order_alone_gives_the_trade_s_own_formula(start: int, delivered: int, count: int) -> None:
    """RULES 3: claim = min(delivered, start_count + delivered - count), never below 0."""
    state = a_watched(an_order(start=start, delivered=delivered))
    formula = max(0, min(delivered, start + delivered - count))
    assert formula == units(claims_of([state], count, NOW))["1"]


@given(targets(), COUNTS, HOURS, st.randoms(use_true_random=False))
@examples(120)
def test_the_order_in_which_orders_are_handed_in_does_not_matter(
    orders: list[OrderState], count: int, now: datetime, random: Random
) -> None:
    """RULES 3: the order of a target's orders is that of (completed_at, order_id), however they come."""
    shuffled = list(orders)
    random.shuffle(shuffled)
    assert claims_of(orders, count, now) == claims_of(shuffled, count, now)


@given(targets(), COUNTS, HOURS)
@examples(250)
def test_claims_agree_with_walking_up_unit_by_unit(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3, twice: slices and room against one payer for each single missing unit."""
    active = [naive_stake(w, now) for w in orders if naive_active(w, now)]
    effective = count + sum(naive_in_flight(w, now) for w in orders)
    claims = claims_of(orders, count, now)
    assert naive_lines(active) == {i: c.line for i, c in claims.items()}
    assert {s.order_id: s.delivered for s in active} == {i: c.line - c.floor for i, c in claims.items()}
    assert dict.fromkeys(claims, effective) == {i: c.effective for i, c in claims.items()}
    assert naive_claims(active, effective) == units(claims)


@given(targets(), COUNTS, HOURS)
@examples(120)
def test_a_higher_count_never_makes_the_target_owe_more(
    orders: list[OrderState], count: int, now: datetime
) -> None:
    """RULES 3: each unit that comes back by itself is one unit that nobody owes any more."""
    less = sum(units(claims_of(orders, count + 1, now)).values())
    assert less <= sum(units(claims_of(orders, count, now)).values())
