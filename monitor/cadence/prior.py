"""Prior hazard: the hazard of an order without any observations.

Losses follow the square root of time (Weibull decay, beta = 0.5): half the loss of four days falls in the
first. The expected loss grows with the loss so far plus a constant (frailty, as with Gamma-Poisson losses).
The risk grows with the square of expected loss / remaining margin; the exponent lies between that of a loss
in one step (1) and of a loss in many small steps (their number).
"""

from math import sqrt

from monitor.cadence.piecewise_hazard import SPANS, PiecewiseHazard

_BASE_LOSS = 0.12
"""Share of the threshold that is added to the loss so far."""
_AGE_OFFSET = 12.0
"""Hours added to the age, as the rate of a Weibull decay is infinite at age 0."""
_RISK_AT_MARGIN = 0.7
"""Cumulative hazard if the expected loss equals the remaining margin: a probability of about 1/2."""
_LAST_END = 1000.0
"""Hours after the look used as the end of the last, open span."""


def prior_hazard(hours: float, used: float) -> PiecewiseHazard:
    """The hazard of an order `hours` after completion, with this share of its threshold used (below 1)."""
    ends = [min(end, _LAST_END) for _, end in SPANS]
    risks = [0.0, *(_risk(hours, used, end) for end in ends)]
    begins = [0.0, *ends]
    return tuple(
        (risk - before) / (end - begin)
        for before, risk, begin, end in zip(risks, risks[1:], begins, ends, strict=False)
    )


def _risk(hours: float, used: float, ahead: float) -> float:
    """The cumulative hazard over the next `ahead` hours."""
    growth = sqrt(1 + ahead / (hours + _AGE_OFFSET)) - 1
    expected = (max(used, 0.0) + _BASE_LOSS) * growth
    ratio = expected / (1 - used)
    return _RISK_AT_MARGIN * ratio * ratio
