"""The calm world: exact counts, one drop per order, known hazards.

An order loses in five steps: a Poisson process whose mean is a Weibull decay of its service times the quality
of the order (gamma distributed). The fifth step crosses the threshold. During a surge a service loses five
times as fast. An order is not looked at any more once its drop is seen.
"""

from dataclasses import dataclass

import numpy as np
from worlds.orders import GUARANTEE, HOURS, Numbers, RowNumbers, Score, WorldOrders, score, sell, surges

PER_DAY = 800
STEPS = 5
BETA = np.array([0.35, 0.6, 0.45, 0.8, 0.4, 0.7, 0.5, 0.65])
"""Weibull shape of each service's decay."""
DEPTH = np.array([0.15, 0.24, 0.38, 0.61, 0.98, 1.57, 2.5, 4.0])
"""Mean loss of each service in 30 days without a surge, in thresholds."""
QUALITY = 1.0
"""Shape of the gamma distribution of an order's quality; its mean is 1."""
STRENGTH = 5.0
"""Rate during a surge over the usual rate."""


class CalmWorld:
    """Orders and the times of their losses."""

    name = "calm"

    def __init__(self, seed: int, per_day: int = PER_DAY) -> None:
        random = np.random.default_rng(seed)
        self.orders = sell(random, per_day)
        self.in_guarantee = per_day * 30
        self.pace = np.where(surges(random), STRENGTH, 1.0)
        rows = len(self.orders.delivered)
        quality = random.gamma(QUALITY, 1 / QUALITY, rows)
        self.losses = self._times(np.cumsum(random.exponential(1, (rows, STEPS)), axis=1) / quality[:, None])

    def case(self, *, request_key: bool = False) -> "CalmCase":
        assert not request_key, "every order of the calm world has a target of its own"
        return CalmCase(self)

    def mean_losses(self, service: RowNumbers, age: Numbers) -> Numbers:
        """Mean number of steps lost by an age without a surge, at quality 1."""
        return DEPTH[service] * STEPS * (np.maximum(age, 0) / GUARANTEE) ** BETA[service]

    def _times(self, at_losses: Numbers) -> Numbers:
        """Convert the mean losses at which each order loses a step to hours, with all surges."""
        times = np.full(at_losses.shape, np.inf)
        for service, pace in enumerate(self.pace):
            rows = np.flatnonzero(self.orders.service == service)
            begin, at = self.orders.delivered[rows], at_losses[rows]
            full, decay = DEPTH[service] * STEPS, BETA[service]
            done, since = np.zeros(len(rows)), begin.copy()
            for end in [*(np.flatnonzero(np.diff(pace)) + 1), len(pace)]:
                calm = full * (np.maximum(since - begin, 0) / GUARANTEE) ** decay
                then = np.maximum(since, end)
                reached = done + pace[end - 1] * (full * ((then - begin).clip(0) / GUARANTEE) ** decay - calm)
                now = (at > done[:, None]) & (at <= reached[:, None])
                losses = calm[:, None] + (at - done[:, None]) / pace[end - 1]
                hours = GUARANTEE * (losses.clip(0) / full) ** (1 / decay)
                times[rows] = np.where(now, begin[:, None] + hours, times[rows])
                done, since = reached, then
        return times


@dataclass(slots=True, init=False)
class CalmCase:
    """One policy's run in the world."""

    world: CalmWorld
    found: Numbers

    def __init__(self, world: CalmWorld) -> None:
        self.world = world
        self.found = np.full(len(world.orders.delivered), np.inf)

    @property
    def orders(self) -> WorldOrders:
        return self.world.orders

    def look(self, rows: RowNumbers, now: int) -> Numbers:
        """Look at rows; return the used share of the threshold of each."""
        steps = (self.world.losses[rows] <= now).sum(axis=1)
        crossed = rows[steps >= STEPS]
        self.found[crossed] = np.minimum(self.found[crossed], now)
        return steps / STEPS

    def open(self, rows: RowNumbers, now: int) -> RowNumbers:
        """Filter the rows that can still be looked at."""
        return rows[(self.world.orders.ends[rows] > now) & np.isinf(self.found[rows])]

    def resumed(self, now: int) -> list[int]:
        return []

    def confirmations(self, now: int) -> list[int]:
        return []

    def score(self, requests: int) -> Score:
        orders, crossed = self.world.orders, self.world.losses[:, -1]
        drops = orders.measured & (crossed < orders.ends)
        delay = self.found[drops] - crossed[drops]
        return score(orders.weight[drops], delay, orders.ends[drops] - crossed[drops], requests)


assert HOURS > GUARANTEE
