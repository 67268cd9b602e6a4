"""What all worlds share: orders with weights, surges, and the score of a policy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
RowNumbers = NDArray[np.int64]

DAYS = 90
HOURS = DAYS * 24
MEASURED = (30 * 24, 60 * 24)
"""Only orders delivered between these hours count: the number under guarantee is stationary then."""
GUARANTEE = 720
MISSED_PENALTY = 720.0
"""Hours added to the delay of a drop that is not seen before the guarantee's end."""
SURGE_HOURS = 30
SURGE_EVERY = 18 * 24
SERVICES = 8
SIGMA = 1.3
"""Sigma of the lognormal order sizes."""


@dataclass(slots=True)
class WorldOrders:
    """Orders by row, sorted by delivery; times are in hours since the start."""

    delivered: Numbers
    ends: Numbers
    service: RowNumbers
    weight: Numbers
    """Drop threshold in units."""
    target: RowNumbers
    """Request target: one request shows all rows with the same number."""

    @property
    def measured(self) -> NDArray[np.bool_]:
        return (self.delivered >= MEASURED[0]) & (self.delivered < MEASURED[1])


def sell(random: np.random.Generator, per_day: int) -> WorldOrders:
    """Draw `per_day` orders a day, each with a target of its own."""
    rows = per_day * DAYS
    delivered = np.sort(random.uniform(0, HOURS, rows))
    weight = np.exp(SIGMA * random.standard_normal(rows))
    service = random.integers(0, SERVICES, rows)
    return WorldOrders(delivered, delivered + GUARANTEE, service, weight, np.arange(rows))


def surges(random: np.random.Generator) -> NDArray[np.bool_]:
    """Draw for each service and hour whether there is a surge."""
    on = np.zeros((SERVICES, HOURS + GUARANTEE + 48), dtype=bool)
    for service in range(SERVICES):
        at = random.exponential(SURGE_EVERY)
        while at < on.shape[1]:
            on[service, int(at) : int(at) + SURGE_HOURS] = True
            at += random.exponential(SURGE_EVERY)
    return on


@dataclass(frozen=True, slots=True)
class Score:
    """The result of a policy, over the drops of the measured orders."""

    cost: float
    """Mean hours that a lost unit stays unseen."""
    missed: float
    """Share of the lost units that are never seen."""
    mean: float
    """Mean delay in hours of the drops that are seen; `p50` and `p95` are quantiles over all drops."""
    p50: float
    p95: float
    per_drop: float
    """Requests per drop that is seen."""


def score(weight: Numbers, delay: Numbers, until_end: Numbers, requests: int) -> Score:
    """Compute the score from the delay of each drop (inf if missed) and its hours to the guarantee's end."""
    seen = np.isfinite(delay)
    hours = np.where(seen, delay, until_end + MISSED_PENALTY)
    return Score(
        cost=float((weight * hours).sum() / weight.sum()),
        missed=float((weight * ~seen).sum() / weight.sum()),
        mean=float(delay[seen].mean()),
        p50=float(np.quantile(delay, 0.5, method="lower")),
        p95=float(np.quantile(delay, 0.95, method="lower")),
        per_drop=requests * (MEASURED[1] - MEASURED[0]) / HOURS / max(int(seen.sum()), 1),
    )
