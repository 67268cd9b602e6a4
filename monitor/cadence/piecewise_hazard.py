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

Outlook = tuple[float, ...]
"""A hazard per hour for each span; summed over weighted orders, weight per hour."""


def together(orders: Iterable[tuple[float, Outlook]]) -> Outlook:
    """The outlook of a request that shows all these orders, each with its weight."""
    total = [0.0] * len(ENDS)
    for weight, outlook in orders:
        for span, hazard in enumerate(outlook):
            total[span] += weight * hazard
    return tuple(total)


def summed(outlooks: Iterable[Outlook]) -> Outlook:
    """The outlook of several requests' worth of orders that one request shows."""
    return tuple(map(sum, zip(*outlooks, strict=True)))


def hazard_within(outlook: Outlook, hours: float) -> float:
    """The hazard summed up over the hours since the look."""
    total = 0.0
    for (begin, end), hazard in zip(SPANS, outlook, strict=True):
        if hours <= end:
            return total + hazard * (hours - begin)
        total += hazard * (end - begin)
    return total


def chance(outlook: Outlook, hours: float) -> float:
    """The probability that an order crosses its threshold within the hours since the look."""
    return -expm1(-hazard_within(outlook, hours))


def index(outlook: Outlook, hours: float) -> float:
    """What a request is worth now, so long after the last look: the integral of u h(u) over these hours.

    At a constant hazard it is w h t^2 / 2: Olston and Pandey, WWW 2008, equation 4, for a drop that stays
    until it is seen. It has no upper bound, so that a hot target, long not looked at, is never given up.
    """
    total = 0.0
    for (begin, end), hazard in zip(SPANS, outlook, strict=True):
        if hours <= end:
            return total + hazard * (hours * hours - begin * begin) / 2
        total += hazard * (end * end - begin * begin) / 2
    return total


def patience(outlook: Outlook, price: float) -> float:
    """Hours after the look at which a request is worth its price: where `index` reaches it."""
    left = price
    for (begin, end), hazard in zip(SPANS, outlook, strict=True):
        cost = hazard * (end * end - begin * begin) / 2
        if left <= cost:
            return sqrt(begin * begin + 2 * left / hazard)
        left -= cost
    return inf
