"""Curves: close to the truth whatever the gaps, bands that cover it, and no curve of too few orders."""

from datetime import timedelta
from random import Random
from statistics import mean

import pytest

from monitor.survival.curve import LEAST_ORDERS, SurvivalCurve, estimate
from monitor.survival.grid import age_at, grid_point
from monitor.survival.losses import NEVER, LossInterval, OrderLosses
from monitor.survival.turnbull import shares
from tests.builders import DAY, HOUR
from tests.monitor.survival.simulated_orders import orders_of_equal_size, true_share

AGES = (7, 15, 30)


def a_curve(orders: list[OrderLosses], seed: int = 1) -> SurvivalCurve:
    found = estimate(orders)
    assert found is not None
    return found.curve(list(found.drawn(Random(seed))))


def share_at(curve: SurvivalCurve, days: int) -> float:
    point = curve.at(days * DAY)
    assert point is not None
    return point.share


@pytest.mark.parametrize("gap", [6 * HOUR, 3 * DAY, 7 * DAY], ids=str)
def test_a_curve_is_close_to_the_truth_whatever_the_gap(gap: timedelta) -> None:
    """Losses dated at the later look would be off by 8 points at day 7 with gaps of 7 days."""
    found = estimate(orders_of_equal_size(700, gap, seed=3))
    assert found is not None
    curve = found.curve([shares(found.masses)])
    assert [share_at(curve, days) for days in AGES] == pytest.approx(
        [true_share(24 * days) for days in AGES], abs=0.015
    )


def test_bands_cover_the_truth_about_as_often_as_they_say() -> None:
    """95 of 100; with so few worlds at least 85."""
    covered = []
    for seed in range(30):
        curve = a_curve(orders_of_equal_size(40, 3 * DAY, seed))
        for days in AGES:
            point = curve.at(days * DAY)
            assert point is not None
            covered.append(point.low <= true_share(24 * days) <= point.high)
    assert mean(covered) >= 0.85


def test_a_band_is_about_orders_and_not_about_units() -> None:
    """Orders that lose all or nothing: more units in each of them tell nothing new."""
    small = [*([lost(10)] * 15), *([kept(10)] * 15)]
    large = [*([lost(100_000)] * 15), *([kept(100_000)] * 15)]
    widths = [point.high - point.low for orders in (small, large) for point in a_curve(orders).points[4:5]]
    assert widths[0] == pytest.approx(widths[1], abs=1e-3)
    assert widths[0] > 0.25


def lost(units: int) -> OrderLosses:
    return OrderLosses(((LossInterval(0, 4), units), (LossInterval(40, NEVER), 0)))


def kept(units: int) -> OrderLosses:
    return OrderLosses(((LossInterval(40, NEVER), units),))


def test_fewer_than_twenty_orders_have_no_curve() -> None:
    assert estimate([kept(100)] * (LEAST_ORDERS - 1)) is None
    assert estimate([kept(100)] * LEAST_ORDERS) is not None


def test_a_curve_ends_where_fewer_than_twenty_orders_are_left() -> None:
    short = OrderLosses(((LossInterval(8, NEVER), 100),))
    curve = a_curve([*([short] * 20), *([kept(100)] * 19)])
    assert curve.observed == age_at(8)
    assert curve.at(3 * DAY) is None


def test_a_sampled_order_counts_for_those_that_it_stands_for() -> None:
    half = [*([lost(100)] * 20), *([kept(100)] * 20)]
    quarter = [*([lost(100)] * 20), *([kept(100)._replace(weight=3.0)] * 20)]
    assert share_at(a_curve(half), 1) == pytest.approx(0.5, abs=0.01)
    assert share_at(a_curve(quarter), 1) == pytest.approx(0.75, abs=0.01)


def test_the_same_seed_gives_the_same_curve() -> None:
    orders = orders_of_equal_size(30, DAY, seed=5)
    assert a_curve(orders) == a_curve(orders)


@pytest.mark.parametrize(("hours", "point"), [(0, 0), (2.9, 0), (3, 1), (8.9, 1), (9, 2), (24, 4)])
def test_a_look_is_dated_at_the_nearest_point(hours: float, point: int) -> None:
    assert grid_point(timedelta(hours=hours)) == point
