"""What every world has: orders that are delivered, weigh something, and belong to a service and a target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

DAYS = 90
HOURS = DAYS * 24
MEASURED = (30 * 24, 60 * 24)
"""Only orders delivered between these hours count: the queue is full, and they are seen to their end."""
GUARANTEE = 720
LATE = 720.0
"""Hours added to a drop that nobody saw before the guarantee's end."""
WAVE_HOURS = 30
WAVE_EVERY = 18 * 24
SERVICES = 8
SIGMA = 1.3
"""Of the lognormal sizes of orders."""


@dataclass(slots=True)
class Orders:
    """By row, in the order of delivery; times in hours since the world began."""

    delivered: Numbers
    ends: Numbers
    service: Rows
    weight: Numbers
    """Units at the threshold."""
    target: Rows
    """What one request shows: its rows are seen together."""

    @property
    def measured(self) -> NDArray[np.bool_]:
        return (self.delivered >= MEASURED[0]) & (self.delivered < MEASURED[1])


def sell(random: np.random.Generator, per_day: int) -> Orders:
    """As many orders a day, each on a target of its own."""
    rows = per_day * DAYS
    delivered = np.sort(random.uniform(0, HOURS, rows))
    weight = np.exp(SIGMA * random.standard_normal(rows))
    service = random.integers(0, SERVICES, rows)
    return Orders(delivered, delivered + GUARANTEE, service, weight, np.arange(rows))


def waves(random: np.random.Generator) -> NDArray[np.bool_]:
    """For each service and hour, whether a wave is on."""
    on = np.zeros((SERVICES, HOURS + GUARANTEE + 48), dtype=bool)
    for service in range(SERVICES):
        at = random.exponential(WAVE_EVERY)
        while at < on.shape[1]:
            on[service, int(at) : int(at) + WAVE_HOURS] = True
            at += random.exponential(WAVE_EVERY)
    return on


@dataclass(frozen=True, slots=True)
class Score:
    """How a policy did, over the drops of the measured orders."""

    cost: float
    """Hours that a lost unit stayed unseen, on average."""
    missed: float
    """Share of the lost units that were never seen."""
    mean: float
    """Delay in hours of the drops that were seen; then of all drops, by rank."""
    p50: float
    p95: float
    per_drop: float
    """Requests for each drop that was seen."""


def score(weight: Numbers, delay: Numbers, over: Numbers, requests: int) -> Score:
    """From each drop's delay (infinite: missed) and the hours from it to the guarantee's end."""
    seen = np.isfinite(delay)
    hours = np.where(seen, delay, over + LATE)
    return Score(
        cost=float((weight * hours).sum() / weight.sum()),
        missed=float((weight * ~seen).sum() / weight.sum()),
        mean=float(delay[seen].mean()),
        p50=float(np.quantile(delay, 0.5, method="lower")),
        p95=float(np.quantile(delay, 0.95, method="lower")),
        per_drop=requests * (MEASURED[1] - MEASURED[0]) / HOURS / max(int(seen.sum()), 1),
    )
