"""The weight of an order in the adaptive cadence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.order_weight import MAX_PRICE_FACTOR, MIN_PRICE_FACTOR, order_weight

PRICES = st.floats(1e-6, 1e6)


def test_without_a_price_the_weight_is_the_units() -> None:
    """Also without an average price, so that all orders are on one scale."""
    assert order_weight(50, None, 0.01) == order_weight(50, 0.01, None) == order_weight(50, 0.01, 0.01) == 50


@given(st.integers(1, 10**9), PRICES, PRICES)
def test_the_weight_of_a_price_is_limited(threshold: int, price: float, rate: float) -> None:
    """At most eight times more, or less, than the units alone."""
    weight = order_weight(threshold, price, rate)
    assert threshold * MIN_PRICE_FACTOR <= weight <= threshold * MAX_PRICE_FACTOR


@given(st.integers(1, 10**9), PRICES, PRICES, PRICES)
def test_a_dearer_order_never_weighs_less(threshold: int, one: float, other: float, rate: float) -> None:
    """With the same units and the same average price."""
    cheap, dear = sorted((one, other))
    assert order_weight(threshold, cheap, rate) <= order_weight(threshold, dear, rate)


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_an_invalid_price_counts_as_unknown(price: float) -> None:
    """A free order, or one with a wrong price, still has a weight."""
    assert order_weight(50, price, 0.01) == order_weight(50, 0.01, price) == 50
