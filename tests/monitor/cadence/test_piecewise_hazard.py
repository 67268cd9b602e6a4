"""The piecewise hazard after a look, the value of the next look, and the optimal interval."""

from math import expm1, inf, ulp

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.cadence.piecewise_hazard import (
    ENDS,
    SPANS,
    cumulative_hazard,
    event_probability,
    look_value,
    optimal_interval,
    weighted_sum,
)

HAZARDS = st.tuples(*[st.floats(1e-9, 1e3)] * len(ENDS))
HOURS = st.floats(0, 1e5)


def test_at_a_constant_hazard_the_index_is_half_h_t_squared() -> None:
    """Olston and Pandey's equation, and the waiting time that follows from it: sqrt(2 price / h)."""
    hazard = (0.002,) * len(ENDS)
    assert look_value(hazard, 150.0) == pytest.approx(0.002 * 150**2 / 2)
    assert optimal_interval(hazard, 9.0) == pytest.approx((2 * 9.0 / 0.002) ** 0.5)
    assert cumulative_hazard(hazard, 150.0) == pytest.approx(0.3)
    assert event_probability(hazard, 150.0) == pytest.approx(-expm1(-0.3))


def rounding_error(hazard: tuple[float, ...], interval: float) -> float:
    """How far the value of a look may be off because the interval is a float.

    The division, the sum and the square root in `optimal_interval` put the interval off by at most 2 ulp;
    the square in `look_value` adds half an ulp. The slope of the value, rate * interval, multiplies that.
    At the border of two spans the steeper one counts.
    """
    error = 2.5 * ulp(interval)
    reached = [
        rate
        for (begin, end), rate in zip(SPANS, hazard, strict=True)
        if begin <= interval + error and interval - error <= end
    ]
    return max(reached) * interval * error


@given(HAZARDS, st.floats(1e-6, 1e9))
@example((1e-9, 1e-9, 270.0, 1.0, 1.0, 1.0), 1e-6)
def test_the_optimal_interval_ends_where_the_value_reaches_the_price(
    hazard: tuple[float, ...], price: float
) -> None:
    """Whatever the hazards of the spans are; a part in a million covers the rounding of the sums."""
    interval = optimal_interval(hazard, price)
    tolerance = 1e-6 * price + rounding_error(hazard, interval)
    assert look_value(hazard, interval) == pytest.approx(price, abs=tolerance)


@given(HAZARDS, HOURS, HOURS)
def test_the_value_of_a_look_grows_with_the_wait(hazard: tuple[float, ...], one: float, other: float) -> None:
    """Without a bound, so that no target is postponed without limit."""
    soon, late = sorted((one, other))
    assert look_value(hazard, soon) <= look_value(hazard, late)
    assert cumulative_hazard(hazard, soon) <= cumulative_hazard(hazard, late)


def test_the_optimal_interval_without_hazard_is_infinite() -> None:
    """Without orders there is no look."""
    assert optimal_interval(weighted_sum([]), 1.0) == inf


@given(st.lists(st.tuples(st.floats(0, 1e3), HAZARDS), max_size=4), HOURS)
def test_the_value_of_a_shared_request_is_the_sum(
    orders: list[tuple[float, tuple[float, ...]]], hours: float
) -> None:
    """The value belongs to the request, not to the order."""
    apart = sum(weight * look_value(hazard, hours) for weight, hazard in orders)
    assert look_value(weighted_sum(orders), hours) == pytest.approx(apart, rel=1e-9)


def test_the_spans_leave_no_gap() -> None:
    """They reach from the look to infinity."""
    assert [begin for begin, _ in SPANS] == [0.0, *ENDS[:-1]]
    assert ENDS[-1] == inf
