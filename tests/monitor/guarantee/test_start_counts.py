"""RULES 2: a start count that the panel does not give is measured by the first count."""

from dataclasses import replace
from datetime import datetime

import pytest

from monitor.guarantee.verdicts import Verdict, evaluate_count, measure_start_counts
from monitor.model.order import OrderStatus
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import claimed, looks, play


@pytest.mark.parametrize(("count", "expected"), [(1500, 500), (1001, 1), (1000, 0), (999, 0), (0, 0)])
def test_a_missing_start_count_is_the_first_count_less_delivered(count: int, expected: int) -> None:
    """RULES 2: start_count = max(0, count - delivered)."""
    (verdict,) = evaluate_count([an_order_state(an_order(start_count=None))], count, NOW)
    assert expected == verdict.start_count


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
    assert expected == verdict.start_count


def test_a_known_start_count_is_never_measured() -> None:
    """RULES 2: only a missing one is."""
    (verdict,) = evaluate_count([an_order_state(an_order(start_count=0))], 1500, START)
    assert verdict.start_count is None


def test_the_measured_start_count_stays() -> None:
    """RULES 2: measured by the first count, and by no later one."""
    verdicts, _ = play(an_order_state(an_order(start_count=None)), looks((0, 1500), (1, 1400), (2, 1450)))
    expected = [500, None, None]
    assert expected == [v.start_count for v in verdicts]


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
