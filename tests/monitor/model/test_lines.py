"""Lines: the baseline of an order plus the deliveries of later orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.lines import by_completion, lines_of
from tests.builders import DAY, START, an_order


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


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50), st.integers(0, 500)), max_size=6))
def test_a_line_is_the_baseline_and_all_later_deliveries(sold: list[tuple[int, int, int]]) -> None:
    orders = [
        an_order(str(number), completed_at=START + days * DAY, delivered=units, start_count=start)
        for number, (days, units, start) in enumerate(sold)
    ]
    for order in orders:
        later = [
            one
            for one in orders
            if (one.completed_at or START, one.order_id) > (order.completed_at or START, order.order_id)
        ]
        expected = (order.start_count or 0) + order.quantity + sum(one.quantity for one in later)
        assert lines_of(orders)[order.order_id] == expected
