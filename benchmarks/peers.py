"""The policies for comparison, and their simulation.

Each hour a policy ranks all open orders, and the best targets are looked at, as far as the budget allows;
confirming looks go first.
"""

from typing import Protocol

import numpy as np
from worlds.calm import QUALITY, STEPS, CalmWorld
from worlds.messy import MessyCase, MessyWorld
from worlds.orders import HOURS, MISSED_PENALTY, Numbers, RowNumbers, Score, WorldOrders

DAY = 24
AnyWorld = CalmWorld | MessyWorld


class RankingPolicy(Protocol):
    """A policy that ranks all orders each hour."""

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        """Return the rank of each row; a negative one is not looked at now."""

    def observe(self, rows: RowNumbers, used: Numbers, now: int) -> None:
        """Process the used shares that looks have shown."""


class RoundRobin:
    """The oldest look first."""

    name = "round robin"

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        return now - last[rows]

    def observe(self, rows: RowNumbers, used: Numbers, now: int) -> None:
        pass


class AgeLadder(RoundRobin):
    """Intervals of 1 h, 6 h, 12 h, 1 d, 2 d, 3 d by age; the largest time / interval first."""

    name = "age ladder"
    ages = np.array([6.0, 24, 72, 168, 336])
    intervals = np.array([1.0, 6, 12, 24, 48, 72])

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        age = now - orders.delivered[rows]
        return (now - last[rows]) / self.intervals[np.searchsorted(self.ages, age)]


class FixedIntervals(RoundRobin):
    """The fixed cadence with `every = "6h"`: a look before the guarantee's end first, then the most overdue.

    Every hour on the first day, every three hours up to three days, then every six. The look half an hour
    before the guarantee's end is at its last full hour here.
    """

    name = "fixed cadence"

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        age = now - orders.delivered[rows]
        overdue = now - last[rows] - np.select([age < DAY, age < 3 * DAY], [1.0, 3.0], 6.0)
        return np.where(orders.ends[rows] - now <= 1, HOURS + overdue, overdue)


class StaticRoot(RoundRobin):
    """Look rates proportional to sqrt(weight * true drop rate of the service), at all ages."""

    name = "static square root"

    def __init__(self, rate: Numbers) -> None:
        self.rate = rate

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        return (now - last[rows]) * np.sqrt(orders.weight[rows] * self.rate[orders.service[rows]])


class TrueHazards:
    """Uses the true hazards of the calm world, the steps lost by each order, and the surges.

    With H the exact cumulative hazard since the last look (negative binomial losses), the look value is that
    of the mean hazard H/t: w (e^H - 1 - H) t / H, or before the guarantee's end the value of a final look.
    """

    name = "true hazards"

    def __init__(self, world: CalmWorld) -> None:
        rows = len(world.orders.delivered)
        self.world = world
        self.losses, self.at_look = np.zeros(rows), np.zeros(rows)
        self.steps = np.zeros(rows)

    def rank(self, orders: WorldOrders, rows: RowNumbers, last: Numbers, now: int) -> Numbers:
        service, age = orders.service[rows], now - orders.delivered[rows]
        hour = self.world.mean_losses(service, age) - self.world.mean_losses(service, age - 1)
        self.losses[rows] += hour * self.world.pace[service, now - 1]
        crossed = np.clip(1 - self._not_crossed(rows), 0, 1 - 1e-9)
        hazard = -np.log1p(-crossed)
        waited = (now - last[rows]) / np.maximum(hazard, 1e-12)
        value = (np.expm1(hazard) - hazard) * waited
        final = np.where(orders.ends[rows] - now <= 1, crossed * MISSED_PENALTY, 0)
        return orders.weight[rows] * np.maximum(value, final)

    def _not_crossed(self, rows: RowNumbers) -> Numbers:
        """Return the probability that an order has not crossed since its last look."""
        shape = QUALITY + self.steps[rows]
        kept = (QUALITY + self.at_look[rows]) / (QUALITY + self.losses[rows])
        probability = kept**shape
        total = probability.copy()
        for step in range(STEPS - 1):
            probability = probability * (shape + step) / (step + 1) * (1 - kept)
            total += np.where(step + 1 < STEPS - self.steps[rows], probability, 0)
        return total

    def observe(self, rows: RowNumbers, used: Numbers, now: int) -> None:
        self.steps[rows] = np.rint(used * STEPS)
        self.at_look[rows] = self.losses[rows]


def drop_rates(world: AnyWorld) -> Numbers:
    """Return the share of each service's orders that drop."""
    orders = world.orders
    if isinstance(world, CalmWorld):
        drops = world.losses[:, -1] < orders.ends
    else:
        drops = (world.used >= 1).any(axis=1)
    count = np.bincount(orders.service)
    return np.bincount(orders.service, drops) / count


def run(world: AnyWorld, peer: RankingPolicy, looks_a_day: float, *, request_key: bool = False) -> Score:
    """Run a policy in a world."""
    case = world.case(request_key=request_key)
    orders = case.orders
    last, open_ = orders.delivered.copy(), np.zeros(0, dtype=int)
    budget, begun, requests = 0.0, 0, 0
    for now in range(1, HOURS):
        came = int(np.searchsorted(orders.delivered, now))
        resumed = np.array(case.resumed(now), dtype=int)
        open_ = case.open(np.concatenate([open_, np.arange(begun, came), resumed]), now)
        begun, budget = came, budget % 1 + looks_a_day * world.in_guarantee / 24
        left = int(budget) - confirming_looks(case, last, now, int(budget))
        rows = _chosen(orders, open_, peer.rank(orders, open_, last, now), left)
        requests += int(budget) - left + len(np.unique(orders.target[rows]))
        peer.observe(rows, case.look(rows, now), now)
        last[rows] = now
    return case.score(requests)


def confirming_looks(case: object, last: Numbers, now: int, budget: int) -> int:
    """Make the confirming looks that are due; return the number of requests."""
    if not isinstance(case, MessyCase):
        return 0
    due = case.confirmations(now)
    if len(due) > budget:
        case.postpone(due[budget:], now)
    rows = np.array(due[:budget], dtype=int)
    case.confirm(rows, now)
    last[rows] = now
    return len(np.unique(case.orders.target[rows]))


def _chosen(orders: WorldOrders, rows: RowNumbers, value: Numbers, budget: int) -> RowNumbers:
    """Return the rows of the best targets."""
    if budget <= 0 or not len(rows):
        return rows[:0]
    best = np.full(len(orders.target), -np.inf)
    np.maximum.at(best, orders.target[rows], value)
    wanted = np.flatnonzero(best >= 0)
    if len(wanted) > budget:
        wanted = wanted[np.argpartition(-best[wanted], budget)[:budget]]
    shown = np.zeros(len(best), dtype=bool)
    shown[wanted] = True
    return rows[shown[orders.target[rows]]]
