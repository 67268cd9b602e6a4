"""Outlook: how likely a drop is in the hours after a look, and what not having looked again costs.

An outlook is a hazard per hour in each of six spans after the look: an order that has lost nothing yet will
hardly cross the threshold within three hours, but it may within three days. Weighted by what the orders are
worth and summed, the outlooks of all orders that one request shows make one outlook, of the request.
"""

from collections.abc import Iterable
from math import expm1, inf, sqrt

ENDS = (3.0, 10.0, 30.0, 100.0, 300.0, inf)
"""Hours after the look at which each span ends."""
SPANS = tuple(zip((0.0, *ENDS), ENDS, strict=False))
"""Begin and end of each span, in hours after the look."""

PiecewiseHazard = tuple[float, ...]
"""A rate per hour for each span; summed over weighted orders, weight per hour."""


def weighted_sum(orders: Iterable[tuple[float, PiecewiseHazard]]) -> PiecewiseHazard:
    """The hazard of a request that shows all these orders, each with its weight."""
    total = [0.0] * len(ENDS)
    for weight, hazard in orders:
        for span, rate in enumerate(hazard):
            total[span] += weight * rate
    return tuple(total)


def sum_hazards(hazards: Iterable[PiecewiseHazard]) -> PiecewiseHazard:
    """The hazard of several requests' worth of orders that one request shows."""
    return tuple(map(sum, zip(*hazards, strict=True)))


def cumulative_hazard(hazard: PiecewiseHazard, hours: float) -> float:
    """The rate summed up over the hours since the look."""
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
    """What a request is worth now, so long after the last look: the integral of u h(u) over these hours.

    At a constant rate it is w h t^2 / 2: Olston and Pandey, WWW 2008, equation 4, for a drop that stays
    until it is seen. It has no upper bound, so that a hot target, long not looked at, is never given up.
    """
    total = 0.0
    for (begin, end), rate in zip(SPANS, hazard, strict=True):
        if hours <= end:
            return total + rate * (hours * hours - begin * begin) / 2
        total += rate * (end * end - begin * begin) / 2
    return total


def optimal_interval(hazard: PiecewiseHazard, price: float) -> float:
    """Hours after the look at which a request is worth its price: where `index` reaches it."""
    left = price
    for (begin, end), rate in zip(SPANS, hazard, strict=True):
        cost = rate * (end * end - begin * begin) / 2
        if left <= cost:
            return sqrt(begin * begin + 2 * left / rate)
        left -= cost
    return inf
