"""RULES 3: lines, the lowest base of an order and the later ones, plus their deliveries."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.lines import by_completion, lines_of, own_lines_of
from tests.builders import DAY, HOUR, START, an_order


def test_the_line_of_a_single_order_is_its_baseline() -> None:
    assert lines_of([an_order(start_count=1000, delivered=500)]) == {"1": 1500}


def test_later_orders_raise_the_line_by_what_they_delivered() -> None:
    first = an_order("1", start_count=1000, delivered=500)
    second = an_order("2", start_count=1500, delivered=300, completed_at=START + DAY)
    assert lines_of([second, first]) == {"1": 1800, "2": 1800}


def test_orders_completed_together_are_ordered_by_id() -> None:
    orders = [an_order("b", start_count=1000, delivered=500), an_order("a", start_count=1000, delivered=300)]
    assert lines_of(orders) == {"a": 1000 + 300 + 500, "b": 1500}


def test_an_order_that_is_not_delivered_comes_after_all_others() -> None:
    waiting = an_order("0", completed_at=None)
    assert sorted([waiting, an_order("1")], key=by_completion) == [an_order("1"), waiting]


def test_a_line_needs_a_start_count() -> None:
    with pytest.raises(ValueError, match="no start count"):
        lines_of([an_order(start_count=None)])


def test_no_orders_have_no_lines() -> None:
    assert lines_of([]) == {}


SLOW = an_order("A", start_count=1000, delivered=1000, completed_at=START + DAY)
QUICK = an_order("B", start_count=1300, delivered=1000, completed_at=START)
"""Started when A had delivered 300, and completed before it."""


def test_an_order_whose_start_count_holds_a_part_of_a_later_one_has_its_base() -> None:
    """The count is 3000 when nothing was lost."""
    assert lines_of([SLOW, QUICK]) == {"A": 2000, "B": 3000}


def test_a_long_order_around_small_ones_gives_them_its_base() -> None:
    """A small one at 1200 and one at 1600 complete while a large one of 10,000 goes on."""
    small = [
        an_order(name, start_count=start, delivered=100, completed_at=START + hours * HOUR)
        for name, start, hours in (("1", 1200, 0), ("2", 1600, 1))
    ]
    large = an_order("0", start_count=1000, delivered=10_000, completed_at=START + 9 * DAY)
    assert lines_of([large, *small]) == {"0": 11_000, "1": 11_200, "2": 11_100}


@pytest.mark.parametrize(
    ("created", "line"),
    [
        (None, 2600),
        (START - HOUR, 2600),
        (START, 2900),
        (START + HOUR, 2900),
    ],
)
def test_an_order_known_to_be_placed_after_the_completion_leaves_the_line(
    created: datetime | None, line: int
) -> None:
    """Before C began, 300 more than B delivered were lost: what is known to be lost stays owed."""
    later = an_order("C", start_count=1000, delivered=600, completed_at=START + DAY, created_at=created)
    assert lines_of([QUICK, later])["B"] == line


@pytest.mark.parametrize(("created", "overlaps"), [(START + HOUR, True), (START + 2 * HOUR, False)])
def test_a_measured_start_count_may_hold_orders_created_before_the_look(
    created: datetime, *, overlaps: bool
) -> None:
    """The base was taken two hours after the completion."""
    measured = replace(QUICK, start_measured=True, base_at=START + 2 * HOUR)
    later = an_order("C", start_count=1000, delivered=10, completed_at=START + DAY, created_at=created)
    assert lines_of([measured, later])["B"] == (1000 if overlaps else 1300) + 1000 + 10


def test_a_lowered_base_lowers_the_line() -> None:
    assert lines_of([replace(QUICK, base_lowered=300)]) == {"B": 2000}


def test_own_lines_leave_out_the_bases_of_later_orders() -> None:
    assert own_lines_of([SLOW, QUICK]) == {"A": 2000, "B": 3300}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50), st.integers(0, 500)), max_size=6))
def test_no_line_is_above_its_own_baseline_and_all_later_deliveries(sold: list[tuple[int, int, int]]) -> None:
    """Whichever of the orders are active."""
    orders = [
        an_order(str(number), completed_at=START + days * DAY, delivered=units, start_count=start)
        for number, (days, units, start) in enumerate(sold)
    ]
    most = own_lines_of(orders)
    for some in (orders, orders[1:], orders[::2]):
        assert all(line <= most[order_id] for order_id, line in lines_of(some).items())
