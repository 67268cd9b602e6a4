"""The judge: lifelines' estimator for interval-censored data gives the same estimates.

It takes closed intervals. The interval (after, until] has the cells after + 1 to until, so that is what it is
given. Where the maximum of the likelihood is not unique, its probabilities of the observed intervals are.
"""

from importlib import import_module
from random import Random

import pytest

from monitor.survival.losses import NEVER, LossInterval, units_by_interval
from monitor.survival.turnbull import turnbull
from tests.builders import DAY, HOUR
from tests.monitor.survival.simulated_orders import orders_of_equal_size

POINTS = 180
Units = dict[LossInterval, float]


def random_units(seed: int) -> Units:
    """Intervals at random, which overlap in every way."""
    random = Random(seed)
    found: Units = {}
    for _ in range(15):
        after = random.randrange(POINTS)
        until = NEVER if random.random() < 0.3 else random.randint(after + 1, POINTS)
        found[LossInterval(after, until)] = random.randint(1, 50)
    return found


def seen_units(gap_in_hours: int) -> Units:
    """What looks at simulated orders with this gap show."""
    return units_by_interval(orders_of_equal_size(6, gap_in_hours * HOUR, seed=gap_in_hours))


def fitted_by_lifelines(units: Units) -> dict[LossInterval, float]:
    """The probability of each interval."""
    starts = [after + 1 for after, _ in units]
    ends = [min(until, POINTS + 1) for _, until in units]
    npmle = import_module("lifelines.fitters.npmle").npmle  # late: each test process would import scipy
    masses, places = npmle(starts, ends, weights=list(units.values()), tol=1e-9)
    return {
        interval: sum(
            mass
            for mass, (left, right) in zip(masses, places, strict=True)
            if interval.after < left and right <= min(interval.until, POINTS + 1)
        )
        for interval in units
    }


def fitted(units: Units) -> dict[LossInterval, float]:
    masses = turnbull(units, POINTS, least_gain=1e-12)
    return {one: sum(masses[one.after : min(one.until, POINTS + 1)]) for one in units}


@pytest.mark.parametrize(
    "units",
    [*(random_units(seed) for seed in range(3)), seen_units(72), seen_units(7 * 24)],
    ids=[*(f"random {seed}" for seed in range(3)), "gaps of 3 days", "gaps of 7 days"],
)
def test_lifelines_gives_the_same_probabilities(units: Units) -> None:
    judged = fitted_by_lifelines(units)
    assert sum(units.values()) > 0
    assert fitted(units) == pytest.approx(judged, abs=2e-3)


def test_the_simulated_orders_last_as_long_as_the_grid_of_the_test() -> None:
    """So nothing is cut off before it is judged."""
    ends = {order.last_point for order in orders_of_equal_size(6, 7 * DAY, seed=1)}
    assert max(ends) <= POINTS
