"""Turnbull's estimator: known special cases and properties."""

from collections import Counter
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.survival.losses import NEVER, LossInterval
from monitor.survival.turnbull import shares, turnbull

POINTS = 12
few = settings(max_examples=40, deadline=None)
"""Estimates to the last digit take time."""
EXACT = 1e-13
"""A gain so small that the rounds end at the maximum, for small samples."""


@st.composite
def an_interval(draw: st.DrawFn) -> LossInterval:
    after = draw(st.integers(0, POINTS - 1))
    return LossInterval(after, draw(st.one_of(st.integers(after + 1, POINTS), st.just(NEVER))))


SAMPLES = st.dictionaries(an_interval(), st.integers(1, 20), min_size=1, max_size=12)
EXACTLY_DATED = st.dictionaries(
    st.one_of(
        st.integers(0, POINTS - 1).map(lambda point: LossInterval(point, point + 1)),
        st.integers(0, POINTS).map(lambda point: LossInterval(point, NEVER)),
    ),
    st.integers(1, 20),
    min_size=1,
    max_size=12,
)


def estimated(units: dict[LossInterval, int]) -> list[float]:
    return shares(turnbull(units, POINTS, least_gain=EXACT))


@few
@given(EXACTLY_DATED)
def test_losses_dated_to_one_cell_give_the_product_limit(units: dict[LossInterval, int]) -> None:
    """Kaplan and Meier's estimate: the product of the shares that each cell leaves of the units at risk."""
    last = max(interval.after for interval in units)
    share, expected = 1.0, [1.0]
    for point in range(last):
        at_risk = sum(weight for interval, weight in units.items() if interval.after >= point)
        at_risk -= units.get(LossInterval(point, NEVER), 0)
        lost = units.get(LossInterval(point, point + 1), 0)
        share *= 1 - lost / at_risk
        expected.append(share)
    assert estimated(units)[: last + 1] == pytest.approx(expected, abs=2e-4)


@few
@given(SAMPLES)
def test_a_curve_never_rises(units: dict[LossInterval, int]) -> None:
    found = estimated(units)
    assert found[0] == pytest.approx(1)
    assert all(later <= earlier for earlier, later in pairwise(found))


@few
@given(SAMPLES, st.integers(2, 9))
def test_weights_are_repetitions(units: dict[LossInterval, int], times: int) -> None:
    """A unit that weighs three is three units: the estimate depends on the proportions only."""
    repeated = Counter[LossInterval]()
    for interval, weight in units.items():
        for _ in range(times):
            repeated[interval] += weight
    assert estimated(dict(repeated)) == pytest.approx(estimated(units), abs=1e-9)


@few
@given(SAMPLES)
def test_an_estimate_is_self_consistent(units: dict[LossInterval, int]) -> None:
    """Turnbull's condition: another round changes nothing."""
    masses = turnbull(units, POINTS, least_gain=EXACT)
    again = turnbull(units, POINTS, start=masses, least_gain=inf)
    assert again == pytest.approx(masses, abs=1e-3)
