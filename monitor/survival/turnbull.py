"""Turnbull's estimator for interval-censored data, by his self-consistency (EM) algorithm, on a grid.

B. W. Turnbull, The empirical distribution function with arbitrarily grouped, censored and truncated data,
Journal of the Royal Statistical Society B 38 (1976), 290-295.

Each unit is lost in one of the cells (point - 1, point] of the grid, or later. A round gives every cell the
share of each interval that the cell has of its probability. Both steps are sums over ranges of cells, so they
are done by running sums and difference arrays, and a round costs intervals plus cells.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import log

from monitor.survival.losses import LossInterval

LEAST_GAIN = 1e-7
"""The rounds end when the log-likelihood of an average unit grows by less than this."""
_MOST_ROUNDS = 2_000


def turnbull(
    units: Mapping[LossInterval, float],
    points: int,
    start: Sequence[float] | None = None,
    least_gain: float = LEAST_GAIN,
) -> list[float]:
    """The probabilities of a loss in each of the cells up to the grid point `points`, and of a later one.

    `units` weighs the intervals; an interval that ends after `points` includes the later losses. The rounds
    begin with `start`, or with the same probability for all; a probability of 0 stays 0.
    """
    total = sum(units.values())  # equal proportions give equal numbers, and so exactly the same rounds
    weighted = [(after, min(until, points + 1), n / total) for (after, until), n in units.items() if n]
    masses = list(start or (1 / (points + 1),) * (points + 1))
    before = float("-inf")
    for _ in range(_MOST_ROUNDS):
        masses, likelihood = _round(masses, weighted)
        if likelihood - before < least_gain:
            break
        before = likelihood
    return masses


def _round(masses: Sequence[float], weighted: Sequence[tuple[int, int, float]]) -> tuple[list[float], float]:
    """The next probabilities, and the log-likelihood of an average unit by those before."""
    below = [0.0, *accumulate(masses)]
    differences = [0.0] * (len(masses) + 1)
    likelihood = 0.0
    for after, until, weight in weighted:
        probability = below[until] - below[after]
        likelihood += weight * log(probability)
        ratio = weight / probability
        differences[after] += ratio
        differences[until] -= ratio
    expected = accumulate(differences)
    return [mass * ratio for mass, ratio in zip(masses, expected, strict=False)], likelihood


def shares(masses: Sequence[float]) -> list[float]:
    """The share that is still there at each grid point, from 0 on."""
    left = 1 - sum(masses)  # rounding errors
    found = []
    for mass in reversed(masses):
        left += mass
        found.append(left)
    return [min(1.0, max(0.0, share)) for share in reversed(found)]
