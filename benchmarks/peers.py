"""The other policies, and the hours in which they look.

Each hour of a world all open orders are weighed at once, and the best targets are looked at, as many as the
budget has requests; second looks go first.
"""

from typing import Protocol

import numpy as np
from worlds.calm import QUALITY, STEPS, CalmWorld
from worlds.messy import MessyCase, MessyWorld
from worlds.orders import HOURS, LATE, Numbers, Orders, Rows, Score

DAY = 24
World = CalmWorld | MessyWorld


class Peer(Protocol):
    """A policy that weighs all orders anew each hour."""

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        """How much each row should be looked at now; below zero: not now."""

    def observe(self, rows: Rows, used: Numbers, now: int) -> None:
        """What the looks have shown."""


class RoundRobin:
    """Whoever was not looked at for the longest."""

    name = "round robin"

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        return now - last[rows]

    def observe(self, rows: Rows, used: Numbers, now: int) -> None:
        pass


class AgeLadder(RoundRobin):
    """Intervals of 1 h, 6 h, 12 h, 1 d, 2 d, 3 d by age; whoever is the most times overdue."""

    name = "age ladder"
    ages = np.array([6.0, 24, 72, 168, 336])
    intervals = np.array([1.0, 6, 12, 24, 48, 72])

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        age = now - orders.delivered[rows]
        return (now - last[rows]) / self.intervals[np.searchsorted(self.ages, age)]


class Fixed(RoundRobin):
    """monitor/cadence.py with `every = "6h"`: whoever is due the longest; a last look before the end first.

    Every hour on the first day, every three up to three days, then every six; half an hour before the
    guarantee's end is the last hour of it here.
    """

    name = "fixed cadence"

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        age = now - orders.delivered[rows]
        overdue = now - last[rows] - np.select([age < DAY, age < 3 * DAY], [1.0, 3.0], 6.0)
        return np.where(orders.ends[rows] - now <= 1, HOURS + overdue, overdue)


class StaticRoot(RoundRobin):
    """Look rates by sqrt(weight times the service's true drop rate), the same at all ages."""

    name = "static square root"

    def __init__(self, rate: Numbers) -> None:
        self.rate = rate

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        return (now - last[rows]) * np.sqrt(orders.weight[rows] * self.rate[orders.service[rows]])


class Knowing:
    """Told the true hazards of the calm world, each order's level, and every wave while it is on.

    With H the hazard summed up since the last look, exactly (negative binomial losses), the index is that of
    the mean hazard H/t: w (e^H - 1 - H) t / H, or before the guarantee's end the value of a last call.
    """

    name = "true hazards"

    def __init__(self, world: CalmWorld) -> None:
        rows = len(world.orders.delivered)
        self.world = world
        self.losses, self.at_look = np.zeros(rows), np.zeros(rows)
        self.steps = np.zeros(rows)

    def weigh(self, orders: Orders, rows: Rows, last: Numbers, now: int) -> Numbers:
        service, age = orders.service[rows], now - orders.delivered[rows]
        hour = self.world.mean_losses(service, age) - self.world.mean_losses(service, age - 1)
        self.losses[rows] += hour * self.world.pace[service, now - 1]
        crossed = np.clip(1 - self._whole(rows), 0, 1 - 1e-9)
        hazard = -np.log1p(-crossed)
        waited = (now - last[rows]) / np.maximum(hazard, 1e-12)
        value = (np.expm1(hazard) - hazard) * waited
        called = np.where(orders.ends[rows] - now <= 1, crossed * LATE, 0)
        return orders.weight[rows] * np.maximum(value, called)

    def _whole(self, rows: Rows) -> Numbers:
        """The chance that an order has not crossed since it was looked at."""
        shape = QUALITY + self.steps[rows]
        kept = (QUALITY + self.at_look[rows]) / (QUALITY + self.losses[rows])
        chance = kept**shape
        total = chance.copy()
        for step in range(STEPS - 1):
            chance = chance * (shape + step) / (step + 1) * (1 - kept)
            total += np.where(step + 1 < STEPS - self.steps[rows], chance, 0)
        return total

    def observe(self, rows: Rows, used: Numbers, now: int) -> None:
        self.steps[rows] = np.rint(used * STEPS)
        self.at_look[rows] = self.losses[rows]


def drop_rates(world: World) -> Numbers:
    """The share of each service's orders that drop."""
    orders = world.orders
    if isinstance(world, CalmWorld):
        drops = world.losses[:, -1] < orders.ends
    else:
        drops = (world.used >= 1).any(axis=1)
    count = np.bincount(orders.service)
    return np.bincount(orders.service, drops) / count


def run(world: World, peer: Peer, looks_a_day: float, *, request_key: bool = False) -> Score:
    """Let a policy look through a world."""
    case = world.case(request_key=request_key)
    orders = case.orders
    last, open_ = orders.delivered.copy(), np.zeros(0, dtype=int)
    purse, begun, requests = 0.0, 0, 0
    for now in range(1, HOURS):
        came = int(np.searchsorted(orders.delivered, now))
        resumed = np.array(case.resumed(now), dtype=int)
        open_ = case.open(np.concatenate([open_, np.arange(begun, came), resumed]), now)
        begun, purse = came, purse % 1 + looks_a_day * world.in_guarantee / 24
        left = int(purse) - second_looks(case, last, now, int(purse))
        rows = _chosen(orders, open_, peer.weigh(orders, open_, last, now), left)
        requests += int(purse) - left + len(np.unique(orders.target[rows]))
        peer.observe(rows, case.look(rows, now), now)
        last[rows] = now
    return case.score(requests)


def second_looks(case: object, last: Numbers, now: int, budget: int) -> int:
    """Pay for the confirmations that are due; how many requests they took."""
    if not isinstance(case, MessyCase):
        return 0
    due = case.confirmations(now)
    if len(due) > budget:
        case.postpone(due[budget:], now)
    rows = np.array(due[:budget], dtype=int)
    case.confirm(rows, now)
    last[rows] = now
    return len(np.unique(case.orders.target[rows]))


def _chosen(orders: Orders, rows: Rows, value: Numbers, budget: int) -> Rows:
    """The rows that the best targets show."""
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
