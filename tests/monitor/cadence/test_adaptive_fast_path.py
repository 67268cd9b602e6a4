"""The adaptive cadence: the next look after a count within the noop bounds, from the cadence state alone."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.cadence.schedule import Priority
from monitor.guarantee.noop_bounds import noop_bounds
from monitor.model.lines import by_completion
from monitor.model.order_state import OrderState
from tests.builders import DAY, HOUR, NOW, START, an_order, an_order_state
from tests.effort import examples
from tests.monitor.cadence.adaptive_looks import a_count, learner, the_look
from tests.monitor.strategies import HOURS, targets


@given(
    targets(),
    HOURS,
    st.integers(60, 200),
    st.integers(0, 40),
    st.integers(1, 3_000),
    st.sampled_from(Priority),
)
@examples(75)
def test_the_cadence_state_alone_gives_the_same_next_look_as_the_orders(
    orders: list[OrderState], now: datetime, count: int, more: int, later: int, priority: Priority
) -> None:
    """The same request, state, reason and observations; or None, and the orders are loaded."""
    orders = [
        replace(w, settled_look=True, drop=None, refills=())
        for w in orders
        if w.order.completed_at is not None and w.order.completed_at <= now
    ]
    orders.sort(key=lambda state: by_completion(state.order))
    first = learner()
    before = first.next_look(orders, a_count(count), now)
    found = noop_bounds(orders, now, count)
    assume(found is not None and before is not None and before.cadence_state)
    assert found is not None
    assert before is not None
    at = now + later * HOUR / 60
    assume(at < found.until and found.judges(at) and found.count + more > 0)
    quick, slow = learner(), learner()
    by_cadence_state = quick.next_look_after_noop(
        before.cadence_state, found.count + more, at, priority, "simulated"
    )
    by_orders = slow.next_look(orders, a_count(found.count + more, before.cadence_state, priority), at)
    if by_cadence_state is not None:
        assert by_cadence_state == by_orders


def test_after_the_end_of_a_guarantee_the_orders_are_loaded() -> None:
    """Its units belong to no line any more."""
    orders = [
        an_order_state(),
        an_order_state(an_order("2", start_count=2000, completed_at=START + HOUR, window=11 * DAY)),
    ]
    cadence_state = the_look(*orders, seen=a_count(3000)).cadence_state
    assert (
        learner().next_look_after_noop(cadence_state, 3000, NOW + 2 * DAY, Priority.ROUTINE, "simulated")
        is None
    )
    assert (
        learner().next_look_after_noop(cadence_state, 3000, NOW + HOUR, Priority.ROUTINE, "simulated")
        is not None
    )


@pytest.mark.parametrize("cadence_state", ["", "[]", "nonsense"])
def test_without_a_cadence_state_the_orders_are_loaded(cadence_state: str) -> None:
    assert learner().next_look_after_noop(cadence_state, 3000, NOW, Priority.ROUTINE, "simulated") is None
