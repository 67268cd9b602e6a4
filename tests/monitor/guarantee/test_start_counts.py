"""RULES 2: a start count that the panel does not give is measured by the first count."""

from dataclasses import replace
from datetime import datetime

import pytest

from monitor.guarantee.start_counts import EarlierCount, measure_start_counts
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.order import OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_refill,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import claimed, looks, play


def measured_by(verdict: Verdict) -> int | None:
    return verdict.measured.start_count if verdict.measured else None


@pytest.mark.parametrize(("count", "expected"), [(1500, 500), (1001, 1), (1000, 0), (999, 0), (0, 0)])
def test_a_missing_start_count_is_the_first_count_less_delivered(count: int, expected: int) -> None:
    """RULES 2: start_count = max(0, count - delivered)."""
    (verdict,) = evaluate_count([an_order_state(an_order(start_count=None))], count, NOW)
    assert expected == measured_by(verdict)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (START - INSTANT, None),
        (START, 500),
        (START + HOUR, 500),  # not settled yet
        (START + 40 * DAY, 500),  # too late for the guarantee, still what it counted
    ],
)
def test_it_is_measured_by_the_first_count_at_or_after_completion(at: datetime, expected: int | None) -> None:
    """RULES 2: at or after completion, also before settling."""
    (verdict,) = evaluate_count([an_order_state(an_order(start_count=None))], 1500, at)
    assert expected == measured_by(verdict)


def test_a_known_start_count_is_never_measured() -> None:
    """RULES 2: only a missing one is."""
    (verdict,) = evaluate_count([OrderState(an_order(start_count=0))], 1500, START)
    assert verdict.measured == an_order(start_count=0, counted_at=START)


def test_the_measured_start_count_stays() -> None:
    """RULES 2: measured by the first count, and by no later one."""
    verdicts, _ = play(an_order_state(an_order(start_count=None)), looks((0, 1500), (1, 1400), (2, 1450)))
    assert [measured_by(verdict) for verdict in verdicts] == [500, None, None]


def test_an_order_that_is_not_delivered_is_not_measured() -> None:
    """RULES 2: before completion there are no units to subtract."""
    pending = an_order(start_count=None, completed_at=None, status=OrderStatus.IN_PROGRESS)
    assert (Verdict("1", NOW),) == evaluate_count([an_order_state(pending)], 1500, NOW)


@pytest.mark.parametrize(("count", "claim"), [(1500, 0), (1000, 0), (400, 600), (0, 1000)])
def test_the_look_that_measures_the_start_count_is_judged_by_it(count: int, claim: int) -> None:
    """RULES 2 and 3: line max(count, 1000), so only units that are certainly missing of 1000 are claimed."""
    (verdict,) = evaluate_count([an_order_state(an_order(start_count=None))], count, NOW)
    assert claim == claimed(verdict)


def test_orders_measured_by_one_look_claim_nothing_at_that_look() -> None:
    """RULES 3: each lost unit is owed once, and a look that only measures shows no loss."""
    orders = [
        an_order_state(an_order("a", start_count=None)),
        an_order_state(an_order("b", start_count=None, completed_at=START + DAY)),
    ]
    # 5000 followers, 1000 of either order: a started at 3000, b at 4000, nothing is missing
    expected = [0, 0]
    assert expected == [claimed(v) for v in evaluate_count(orders, 5000, NOW)]


def test_a_measured_start_count_is_marked_as_measured() -> None:
    """The order keeps apart what the panel said and what a look has measured."""
    unknown, known = an_order_state(an_order(start_count=None)), an_order_state(an_order("2"))
    measured = measure_start_counts([unknown, known], 2500, NOW)
    assert [(one.order.start_count, one.order.start_measured) for one in measured] == [
        (500, True),
        (1000, False),
    ]


def test_the_first_judged_count_is_the_first_settled_look() -> None:
    first, later = an_order_state(), replace(an_order_state(), settled_look=True)
    (verdict,) = evaluate_count([first], 2000, NOW)
    assert verdict.first_settled
    (verdict,) = evaluate_count([later], 2000, NOW)
    assert not verdict.first_settled


# A start count of 0


@pytest.mark.parametrize(("count", "start"), [(2001, 1001), (6000, 5000), (2000, 0), (900, 0)])
def test_a_start_count_of_0_that_the_first_settled_count_contradicts_is_measured(
    count: int, start: int
) -> None:
    """RULES 2: more than twice what was delivered, and the panel's 0 means "unknown"."""
    zero = OrderState(an_order(start_count=0))
    (measured,) = measure_start_counts([zero], count, START + DAY)
    assert (measured.order.start_count, measured.order.start_measured) == (start, start > 0)


def test_a_loss_below_a_measured_start_count_of_0_is_seen() -> None:
    """6000 for 1000 delivered: the line is 6000 and not 1000."""
    verdicts, _ = play(OrderState(an_order(start_count=0)), looks((0, 6000), (1, 5700)))
    assert [claimed(verdict) for verdict in verdicts] == [0, 300]


@pytest.mark.parametrize(
    "state",
    [
        OrderState(an_order(start_count=0), settled_look=True),
        OrderState(an_order(start_count=0, start_measured=True)),
        OrderState(an_order(start_count=0, completed_at=NOW - HOUR)),
        OrderState(an_order(start_count=1)),
    ],
)
def test_other_start_counts_stay(state: OrderState) -> None:
    """After the first settled look, measured, not settled yet, or not 0."""
    (after,) = measure_start_counts([state], 6000, NOW)
    assert after.order.start_count == state.order.start_count


def test_a_trusted_0_stays() -> None:
    (after,) = measure_start_counts([OrderState(an_order(start_count=0))], 6000, NOW, trust_zero=True)
    assert after.order == an_order(start_count=0, counted_at=NOW)


# Bases compared with the first counts of later orders

SLOW = an_order("slow", start_count=None, completed_at=START + 2 * DAY)
QUICK = an_order("quick", start_count=None)
DATED = replace(SLOW, start_count=2000, created_at=START + HOUR)


def compared(
    states: list[OrderState], count: int, at: datetime, earlier: EarlierCount | None
) -> list[tuple[int | None, int]]:
    """Start count and units by which it was lowered, of each order."""
    return [
        (one.order.start_count, one.order.base_lowered)
        for one in measure_start_counts(states, count, at, earlier)
    ]


def measured_at_2300() -> OrderState:
    """`quick` was measured when `slow` had delivered 300 of its 1000."""
    (state,) = measure_start_counts([OrderState(QUICK)], 2300, START)
    return state


def test_a_base_that_holds_a_part_of_a_later_order_is_lowered_by_its_first_count() -> None:
    """1300 was measured, of which 300 belong to `slow`: 3000 is all there ever was."""
    earlier = EarlierCount(2600, START + DAY)
    states = [measured_at_2300(), OrderState(SLOW)]
    assert compared(states, 3000, START + 2 * DAY, earlier) == [(1300, 300), (2000, 0)]


def test_what_was_missing_before_stays_missing() -> None:
    """100 had been lost when the count was 2200: they are not forgiven by the first count of `slow`."""
    earlier = EarlierCount(2200, START + 36 * HOUR)
    states = [measured_at_2300(), OrderState(SLOW)]
    assert compared(states, 2900, START + 2 * DAY, earlier) == [(1300, 300), (1900, 0)]


def test_an_order_created_after_the_measuring_look_lowers_nothing() -> None:
    """The 400 missing units were lost."""
    later = OrderState(replace(SLOW, created_at=START))
    earlier = EarlierCount(2300, START + DAY)
    assert compared([measured_at_2300(), later], 2900, START + 2 * DAY, earlier) == [(1300, 0), (1900, 0)]


def test_start_counts_that_the_panel_gave_are_not_lowered() -> None:
    """Their lowest one holds no part of another order."""
    states = [OrderState(replace(QUICK, start_count=1300)), OrderState(replace(SLOW, start_count=1000))]
    assert compared(states, 2500, START + 2 * DAY, None) == [(1300, 0), (1000, 0)]


def test_units_that_a_consumer_may_have_delivered_are_not_there_twice() -> None:
    """A queued refill is still to come; a claimed one may be in the count already."""
    for state, lowered in ((RefillState.QUEUED, 100), (RefillState.CLAIMED, 300)):
        quick = replace(measured_at_2300(), refills=(a_refill(200, state),))
        earlier = EarlierCount(2300, START + DAY)
        (first, _) = compared([quick, OrderState(SLOW)], 3000, START + 2 * DAY, earlier)
        assert first == (1300, lowered)


def test_a_base_is_never_below_0() -> None:
    quick = measure_start_counts([OrderState(replace(QUICK, start_count=None))], 1100, START)[0]
    assert compared([quick, OrderState(SLOW)], 10, START + 2 * DAY, None) == [(100, 100), (0, 0)]


def test_after_a_switch_of_the_source_a_first_count_is_compared_with_every_line() -> None:
    """The switch took 100 of a delivery that was not known yet for a difference between the sources."""
    states = [OrderState(replace(QUICK, start_count=1000, counted_at=START)), OrderState(DATED)]
    for has_offset, lowered in ((True, 100), (False, 0)):
        earlier = EarlierCount(2000, START + DAY, has_offset=has_offset)
        seen = compared(states, 2900, START + 2 * DAY, earlier)
        assert seen == [(1000, lowered), (2000, lowered)]


def test_a_corrected_start_count_is_compared_with_the_next_count() -> None:
    """The corrected 1300 holds 300 of `slow` just like the measured one did."""
    earlier = EarlierCount(2600, START + DAY)
    first, slow = measure_start_counts([measured_at_2300(), OrderState(SLOW)], 3000, START + 2 * DAY, earlier)
    corrected = replace(first.order, start_measured=False, base_lowered=0, base_at=None, counted_at=None)
    states = [replace(first, order=corrected), slow]
    seen = compared(states, 3000, START + 3 * DAY, EarlierCount(3000, START + 2 * DAY))
    assert seen == [(1300, 300), (2000, 0)]
