"""RULES 3: when an order is active."""

from datetime import datetime

import pytest
from hypothesis import given

from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from tests.builders import DAY, HOUR, INSTANT, NOW, START, a_drop, an_order, an_order_state
from tests.effort import examples
from tests.monitor.guarantee.naive_model import naive_world
from tests.monitor.strategies import HOURS, targets
from tests.proof.naive_orders import is_active, window_end
from tests.proof.naive_orders import moment as naive_moment


def test_an_order_is_active_from_completed_at_plus_settle_on() -> None:
    """RULES 3: t >= completed_at + settle, the moment itself included."""
    state = an_order_state(an_order(settle=24 * HOUR))
    assert state.active(START + 24 * HOUR)
    assert not state.active(START + 24 * HOUR - INSTANT)


def test_an_order_is_active_until_just_before_completed_at_plus_window() -> None:
    """RULES 3: t < completed_at + window, the moment itself excluded."""
    state = an_order_state(an_order(window=30 * DAY))
    assert state.active(START + 30 * DAY - INSTANT)
    assert not state.active(START + 30 * DAY)


def test_a_lifetime_guarantee_never_ends() -> None:
    """RULES 5, defaults: a window of `lifetime` has no end."""
    assert an_order_state(an_order(window=None)).active(START + 36_500 * DAY)


@pytest.mark.parametrize("state", [DropState.SUSPECTED, DropState.WAITING])
def test_an_open_drop_that_opened_inside_the_window_outlives_it(state: DropState) -> None:
    """RULES 3: or later as long as it has an open drop that opened inside the window."""
    inside = a_drop(opened_at=START + 30 * DAY - INSTANT, state=state)
    assert an_order_state(drop=inside).active(START + 31 * DAY)


@pytest.mark.parametrize("state", [DropState.SUSPECTED, DropState.WAITING])
def test_an_open_drop_that_opened_outside_the_window_does_not_outlive_it(state: DropState) -> None:
    """RULES 3: only a drop that opened inside the window counts; its end is outside."""
    outside = a_drop(opened_at=START + 30 * DAY, state=state)
    assert not an_order_state(drop=outside).active(START + 31 * DAY)


@pytest.mark.parametrize("state", sorted(set(DropState) - {DropState.SUSPECTED, DropState.WAITING}))
def test_only_a_suspected_or_waiting_drop_outlives_the_window(state: DropState) -> None:
    """RULES 3: a refused or closed drop keeps nothing active."""
    inside = a_drop(opened_at=START + 29 * DAY, state=state)
    assert not an_order_state(drop=inside).active(START + 31 * DAY)


@pytest.mark.parametrize("flag", Flag)
def test_a_flag_voids_or_suspends_the_guarantee(flag: Flag) -> None:
    """RULES 3: active only when no flag voids or suspends it, open drop or not."""
    assert not an_order_state(flags=[flag]).active(NOW)
    assert not an_order_state(flags=[flag], drop=a_drop()).active(NOW)


@pytest.mark.parametrize("status", sorted(set(OrderStatus) - {OrderStatus.COMPLETED, OrderStatus.PARTIAL}))
def test_a_status_without_guarantee_is_never_active(status: OrderStatus) -> None:
    """RULES 2: only Completed and Partial carry the guarantee, even if a time of completion is known."""
    assert not an_order_state(an_order(status=status)).active(NOW)


@pytest.mark.parametrize("promised", [True, False])
def test_a_partial_order_is_active_only_where_partial_orders_are_promised(promised: bool) -> None:
    """RULES 2 and 5: Partial carries the guarantee unless the terms say `partial_orders = false`."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=700, remains=300, partial_orders=promised)
    assert promised == an_order_state(partial).active(NOW)


def test_partial_orders_false_leaves_completed_orders_alone() -> None:
    """RULES 2: the term speaks of status Partial only."""
    assert an_order_state(an_order(partial_orders=False)).active(NOW)


@given(targets(), HOURS)
@examples(60)
def test_active_agrees_with_the_naive_model(orders: list[OrderState], now: datetime) -> None:
    """RULES 3, first paragraph, twice; also beyond the window's end."""
    world = naive_world(orders)
    for state, row in zip(orders, world["orders"], strict=True):
        end = min(window_end(world, row), START + 365 * DAY)
        settled = naive_moment(row["completed_at"]) + state.order.terms.settle
        for moment in (now, end, end - INSTANT, settled):
            assert is_active(world, row, moment) == state.active(moment)
