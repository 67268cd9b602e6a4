"""Hypothesis strategies for the orders of a target: small numbers and few moments, so that edges meet."""

from datetime import timedelta

from hypothesis import strategies as st

from monitor.model.drop import Drop, DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from tests.builders import DAY, HOUR, START, an_order, an_order_state

HOURS = st.integers(0, 60).map(lambda hours: START + hours * HOUR)
WINDOWS = st.sampled_from([6 * HOUR, 30 * HOUR, 30 * DAY, None])
SETTLES = st.sampled_from([timedelta(0), HOUR, DAY])
DELIVERED = st.sampled_from([OrderStatus.COMPLETED, OrderStatus.COMPLETED, OrderStatus.PARTIAL])
OPEN_STATES = (DropState.SUSPECTED, DropState.WAITING, DropState.REFUSED)


@st.composite
def refills(draw: st.DrawFn, order_id: str, most: int = 40) -> Refill:
    state = draw(st.sampled_from(RefillState))
    done = state is RefillState.COMPLETED
    quantity = draw(st.integers(1, most))
    return Refill(
        order_id,
        quantity,
        state,
        completed_at=draw(HOURS) if done else None,
        delivered=draw(st.none() | st.integers(0, quantity)) if done else None,
    )


@st.composite
def order_states(draw: st.DrawFn, order_id: str) -> OrderState:
    order = an_order(
        order_id,
        start_count=draw(st.integers(0, 60)),
        delivered=draw(st.integers(1, 30)),
        completed_at=draw(HOURS),
        status=draw(DELIVERED),
        remains=draw(st.integers(0, 3)),
        window=draw(WINDOWS),
        settle=draw(SETTLES),
        partial_orders=draw(st.booleans()),
    )
    drop = draw(st.none() | st.builds(Drop, st.just(order_id), st.sampled_from(OPEN_STATES), HOURS))
    flags = draw(st.sampled_from([(), (), (), (), (Flag.HOLD,), (Flag.CHARGEBACK,)]))
    return an_order_state(
        order, flags=flags, drop=drop, refills=draw(st.lists(refills(order_id), max_size=2))
    )


@st.composite
def targets(draw: st.DrawFn) -> list[OrderState]:
    """Draw the states of up to four orders on one target, their ids in no relation to their times."""
    return [draw(order_states(str(i))) for i in range(draw(st.integers(1, 4)))]
