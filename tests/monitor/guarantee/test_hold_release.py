"""RULES 6: how a refill held for a mass drop is decided again when its hold is over."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.hold_release import case_unheld, releases
from monitor.guarantee.verdicts import evaluate_count
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.terms import BelowStart, RefillMode
from tests.builders import DAY, HOUR, NOW, START, a_completed_refill, an_order, an_order_state
from tests.effort import examples


def held(quantity: int, release_at: datetime | None = NOW, order_id: str = "1") -> Refill:
    return Refill(order_id, quantity, RefillState.HELD, release_at=release_at)


def holding(quantity: int, order: Order | None = None, release_at: datetime | None = NOW) -> OrderState:
    order = order or an_order()
    return an_order_state(order, refills=[held(quantity, release_at, order.order_id)])


def decided(state: OrderState, count: int, now: datetime = NOW) -> tuple[str, str, int] | None:
    decision: Decision | None = releases([state], count, now).get(state.order.order_id)
    return None if decision is None else (decision.action, decision.reason, decision.quantity)


def test_a_drop_that_is_still_there_is_released() -> None:
    """2000 whole, 1500 left, 500 held: 500 go out."""
    assert decided(holding(500), 1500) == ("refill", "drop_confirmed", 500)


def test_a_drop_that_has_recovered_is_discarded() -> None:
    """Whatever is missing below the threshold of 50 is no drop."""
    assert decided(holding(500), 2000) == ("refuse", "recovered", 0)
    assert decided(holding(500), 1951) == ("refuse", "recovered", 0)


def test_only_what_is_still_missing_is_released() -> None:
    """300 of the 500 came back by themselves."""
    assert decided(holding(500), 1800) == ("refill", "drop_confirmed", 200)


def test_never_more_is_released_than_was_held() -> None:
    """What fell later opens a drop of its own, which needs its own confirmation."""
    assert decided(holding(500), 1300) == ("refill", "drop_confirmed", 500)


def test_nothing_happens_before_the_hold_is_over() -> None:
    """Not one instant earlier."""
    assert decided(holding(500, release_at=NOW + HOUR), 1500, NOW + HOUR - datetime.resolution) is None
    assert decided(holding(500, release_at=NOW + HOUR), 1500, NOW + HOUR) is not None


def test_a_refill_that_only_an_operator_may_release_stays() -> None:
    """A refill held below the start count has no release time."""
    assert decided(holding(500, release_at=None), 1500) is None


def test_the_hold_may_end_after_the_guarantee() -> None:
    """The drop opened inside the window, so the guarantee applies."""
    late = START + 31 * DAY
    assert decided(holding(500, release_at=late), 1500, late) == ("refill", "drop_confirmed", 500)


@pytest.mark.parametrize(
    ("below_start", "expected"),
    [
        (BelowStart.REVIEW, ("hold", "below_start_count", 500)),
        (BelowStart.REFUSE, ("refuse", "below_start_count", 0)),
        (BelowStart.CAP, ("refill", "drop_confirmed", 500)),
    ],
)
def test_a_count_below_the_start_is_treated_as_the_terms_say(
    below_start: BelowStart, expected: tuple[str, str, int]
) -> None:
    """900 is below the 1000 from before the order: the table of decisions goes on where the hold ended."""
    assert decided(holding(500, an_order(below_start=below_start)), 900) == expected


def test_a_refill_completed_a_moment_ago_makes_it_wait() -> None:
    """The cooldown of 24 hours is kept by a release, too: nothing is decided."""
    state = holding(500)
    state = replace(state, refills=(*state.refills, a_completed_refill(100, NOW - HOUR)))
    assert decided(state, 1400) is None


def test_orders_that_overlap_release_each_lost_unit_once() -> None:
    """Two orders of 1000 on one profile, 400 held for each, 300 still missing: 300 go out, not 600."""
    first, second = an_order("1"), an_order("2", start_count=2000, completed_at=START + HOUR)
    pair = [holding(400, first), holding(400, second)]
    found = releases(pair, 2700, NOW)
    assert {i: (d.action, d.quantity) for i, d in found.items()} == {"1": ("refill", 300), "2": ("refuse", 0)}


def test_what_one_order_holds_does_not_hide_what_another_misses() -> None:
    """A release for one order leaves the units held for the other in flight."""
    first, second = an_order("1"), an_order("2", start_count=2000, completed_at=START + HOUR)
    pair = [holding(400, first, None), holding(100, second, None)]
    cases = [case_unheld(pair, order_id, 2500, NOW) for order_id in ("1", "2")]
    # the first ends first, and pays first
    assert [case.claim.units for case in cases if case is not None] == [400, 0]


@given(st.integers(0, 3000), st.integers(1, 1500))
@examples(150)
def test_a_release_never_gives_more_than_is_missing_or_was_held(count: int, quantity: int) -> None:
    """The verdict contains the release in addition to its decision."""
    state = holding(quantity, an_order(below_start=BelowStart.CAP))
    (verdict,) = evaluate_count([state], count, NOW)
    assert verdict.release is not None
    missing = min(1000, max(0, 2000 - count))
    assert verdict.release.quantity == (min(missing, quantity) if missing >= 50 else 0)


def test_the_case_of_an_order_that_is_not_settled_does_not_exist() -> None:
    fresh = an_order_state(an_order(completed_at=NOW - HOUR))
    assert case_unheld([fresh], "1", 1500, NOW) is None


def test_a_case_has_the_count_that_it_is_decided_at() -> None:
    case = case_unheld([holding(500)], "1", 1500, NOW)
    assert case is not None
    assert (case.count, case.now, case.claim.units) == (1500, NOW, 500)


def test_a_recovered_drop_is_decided_with_its_numbers() -> None:
    """49 of the 50 units that make a drop are missing."""
    decision = releases([holding(500)], 1951, NOW)["1"]
    expected = Decision("1", NOW, Action.REFUSE, Reason.RECOVERED, 0, count=1951, line=2000, claim=49)
    assert decision == expected


def test_a_drop_of_exactly_the_threshold_is_still_there() -> None:
    assert decided(holding(500), 1950) == ("refill", "drop_confirmed", 50)


def test_a_held_refill_was_asked_for_once_and_needs_no_new_request() -> None:
    order = an_order(refill=RefillMode.ON_REQUEST)
    assert decided(holding(500, order), 1500) == ("refill", "drop_confirmed", 500)
