"""The weight of an order in the adaptive cadence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.order_weight import LEAST, MOST, order_weight

PRICES = st.floats(1e-6, 1e6)


def test_without_a_price_units_count() -> None:
    """And without a going rate: orders with and without a price lie on one scale."""
    assert order_weight(50, None, 0.01) == order_weight(50, 0.01, None) == order_weight(50, 0.01, 0.01) == 50


@given(st.integers(1, 10**9), PRICES, PRICES)
def test_the_weight_of_a_price_is_limited(threshold: int, price: float, rate: float) -> None:
    """At most eight times more, or less, than the units alone."""
    assert threshold * LEAST <= order_weight(threshold, price, rate) <= threshold * MOST


@given(st.integers(1, 10**9), PRICES, PRICES, PRICES)
def test_a_dearer_order_never_weighs_less(threshold: int, one: float, other: float, rate: float) -> None:
    """At the same units and the same going rate."""
    cheap, dear = sorted((one, other))
    assert order_weight(threshold, cheap, rate) <= order_weight(threshold, dear, rate)


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_an_invalid_price_counts_as_unknown(price: float) -> None:
    """A gift, or an error in the orders file, is watched all the same."""
    assert order_weight(50, price, 0.01) == order_weight(50, 0.01, price) == 50
