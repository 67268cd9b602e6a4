"""Prior: what is expected of an order before anything was learned about its likes.

Losses are front-loaded: by the square root of time (a Weibull decay, beta = 0.5), so that half the loss of
four days falls in the first. An order that has lost much will lose much more (the frailty of Gamma-Poisson
losses: what is to be expected grows with what was lost, plus a little). And the nearer what is to be
expected comes to what is left up to the threshold, the faster the risk grows: by its square, between a loss
in one piece (1) and one by many small steps (their number).
"""

from math import sqrt

from monitor.cadence.piecewise_hazard import SPANS, PiecewiseHazard

_LITTLE = 0.12
"""Share of the threshold that counts as lost before anything is."""
_HEAD_START = 12.0
"""Hours that an order counts as older than it is: losses do not begin with infinite speed."""
_AT_EVEN = 0.7
"""Hazard summed up when just what is left is expected to be lost: even odds of crossing."""
_LAST = 1000.0
"""Hours after the look at which the last span, which has no end, is taken to end."""


def prior_hazard(hours: float, used: float) -> PiecewiseHazard:
    """The outlook of an order so many hours after completion, with this share of its threshold used (< 1)."""
    ends = [min(end, _LAST) for _, end in SPANS]
    risks = [0.0, *(_risk(hours, used, end) for end in ends)]
    begins = [0.0, *ends]
    return tuple(
        (risk - before) / (end - begin)
        for before, risk, begin, end in zip(risks, risks[1:], begins, ends, strict=False)
    )


def _risk(hours: float, used: float, ahead: float) -> float:
    """The hazard summed up over the hours ahead."""
    growth = sqrt(1 + ahead / (hours + _HEAD_START)) - 1
    expected = (max(used, 0.0) + _LITTLE) * growth
    nearness = expected / (1 - used)
    return _AT_EVEN * nearness * nearness
