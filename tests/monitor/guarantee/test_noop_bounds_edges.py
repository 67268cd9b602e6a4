"""Noop bounds at the exact moments at which an order begins, ends or is measured."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.guarantee.noop_bounds import NoopBounds, noop_bounds
from monitor.model.instants import NO_END
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from tests.builders import DAY, HOUR, INSTANT, NOW, START, an_order, an_order_state

PLENTY = 1_000_000


def settled(order: Order) -> OrderState:
    """The state of an order that a look has judged before."""
    return replace(an_order_state(order), settled_look=True)


def bounds_of(*orders: Order, now: datetime = NOW, count: int = PLENTY) -> NoopBounds:
    found = noop_bounds([settled(order) for order in orders], now, count)
    assert found is not None
    return found


@pytest.mark.parametrize(("before", "known"), [(INSTANT, True), (timedelta(0), False)])
def test_the_count_that_measures_a_start_count_is_evaluated(before: timedelta, known: bool) -> None:
    """From completion on."""
    state = an_order_state(an_order(start_count=None, completed_at=NOW))
    assert (noop_bounds([state], NOW - before, PLENTY) is not None) is known


@pytest.mark.parametrize(("before", "known"), [(INSTANT, True), (timedelta(0), False)])
def test_the_first_count_after_settling_is_evaluated(before: timedelta, known: bool) -> None:
    state = an_order_state(an_order(completed_at=NOW - DAY))
    assert (noop_bounds([state], NOW - before, PLENTY) is not None) is known


def test_an_order_limits_counts_until_just_before_its_end() -> None:
    order = an_order(window=10 * DAY)
    assert bounds_of(order, now=NOW - INSTANT).count == 1951
    assert bounds_of(order, now=NOW).count == 0


@pytest.mark.parametrize("settle", [2 * DAY, 3 * DAY])
def test_an_order_that_settles_no_earlier_than_it_ends_limits_no_count(settle: timedelta) -> None:
    order = an_order(window=2 * DAY, settle=settle, completed_at=NOW - DAY)
    bounds = bounds_of(order)
    assert (bounds.count, bounds.until) == (0, NO_END)
    assert (bounds.judged_from, bounds.judged_until) == (NO_END, NO_END)


def test_orders_that_follow_each_other_without_a_gap_are_one_stretch() -> None:
    """The second begins at the very moment at which the first ends."""
    first = an_order("1", window=20 * DAY)
    second = an_order("2", completed_at=START + 19 * DAY, window=5 * DAY)
    bounds = bounds_of(first, second)
    assert (bounds.until, bounds.judged_until) == (NO_END, START + 24 * DAY)
    late = replace(second, completed_at=START + 19 * DAY + HOUR)
    assert bounds_of(first, late).until == START + 20 * DAY + HOUR


def test_every_count_is_harmless_where_less_was_delivered_than_makes_a_drop() -> None:
    assert bounds_of(an_order(start_count=0, delivered=5), count=0).count == 0


def test_bounds_of_the_active_orders_hold_until_the_next_one_begins() -> None:
    """An order that begins at this moment is active already."""
    second = an_order("2", completed_at=NOW - DAY)
    third = an_order("3", completed_at=NOW + 5 * DAY, start_count=9000)
    bounds = bounds_of(an_order("1"), second, third, count=2990)
    assert (bounds.count, bounds.until) == (2951, NOW + 6 * DAY)
