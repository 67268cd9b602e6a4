"""Piecewise hazard: the rate at which a drop is expected after a look, and the value of the next look.

A piecewise hazard is a constant rate per hour in each of six spans after the look: an order that has lost
nothing is unlikely to cross its threshold within three hours, but may within three days. The sum over all
orders that one request shows, each times its weight, is the hazard of the request.
"""

from collections.abc import Iterable
from math import expm1, inf, sqrt

ENDS = (3.0, 10.0, 30.0, 100.0, 300.0, inf)
"""Hours after the look at which each span ends."""
SPANS = tuple(zip((0.0, *ENDS), ENDS, strict=False))
"""Start and end of each span, in hours after the look."""

PiecewiseHazard = tuple[float, ...]
"""Rate per hour in each span; in a weighted sum, weight per hour."""


def weighted_sum(orders: Iterable[tuple[float, PiecewiseHazard]]) -> PiecewiseHazard:
    """The hazard of a request that shows these orders: weights and hazards."""
    total = [0.0] * len(ENDS)
    for weight, hazard in orders:
        for span, rate in enumerate(hazard):
            total[span] += weight * rate
    return tuple(total)


def sum_hazards(hazards: Iterable[PiecewiseHazard]) -> PiecewiseHazard:
    """The sum of weighted hazards that one request covers."""
    return tuple(map(sum, zip(*hazards, strict=True)))


def cumulative_hazard(hazard: PiecewiseHazard, hours: float) -> float:
    """The hazard integrated over the hours since the look."""
    total = 0.0
    for (begin, end), rate in zip(SPANS, hazard, strict=True):
        if hours <= end:
            return total + rate * (hours - begin)
        total += rate * (end - begin)
    return total


def event_probability(hazard: PiecewiseHazard, hours: float) -> float:
    """The probability that an order crosses its threshold within the hours since the look."""
    return -expm1(-cumulative_hazard(hazard, hours))


def look_value(hazard: PiecewiseHazard, hours: float) -> float:
    """Value of a request `hours` after the last look, an index as in Whittle's: the integral of u h(u).

    At a constant rate it is w h t^2 / 2: Olston and Pandey, WWW 2008, equation 4, for a drop that lasts
    until it is seen. It has no upper bound, so that no target is postponed without limit.
    """
    total = 0.0
    for (begin, end), rate in zip(SPANS, hazard, strict=True):
        if hours <= end:
            return total + rate * (hours * hours - begin * begin) / 2
        total += rate * (end * end - begin * begin) / 2
    return total


def optimal_interval(hazard: PiecewiseHazard, price: float) -> float:
    """Hours after the look at which `look_value` reaches the shadow price; inf if it never does."""
    left = price
    for (begin, end), rate in zip(SPANS, hazard, strict=True):
        cost = rate * (end * end - begin * begin) / 2
        if left <= cost:
            return sqrt(begin * begin + 2 * left / rate)
        left -= cost
    return inf
