"""The job of retention curves: computes and stores them, and what the guarantee cost, once in a while.

Reading goes in slices through indexes, and every write is a short transaction. The job rests after each
step, because computing would keep other threads of the process waiting.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import structlog

from jobs.guarantee_costs import sum_costs
from jobs.survival_reading import OrderGroup, SurvivalReading
from monitor.survival.curve import estimate
from monitor.survival.curve_name import CurveName, names_of
from monitor.survival.losses import OrderLosses
from monitor.survival.sampling import MOST_OF_A_GROUP
from storage import guarantee_costs, survival_curves
from storage.engine import Database
from storage.guarantee_costs import GuaranteeCost

log = structlog.get_logger()
PAUSE = timedelta(milliseconds=20)
DRAWN_AT_ONCE = 10
"""Estimates between two rests; each takes some milliseconds."""
MOST_CURVES = 300
"""Curves of one run; those of the most orders come first."""
CURVES_DELETED = 10
"""Old curves that one transaction deletes, each with hundreds of points."""
COSTS_SAVED = 1_000
"""Costs that one transaction writes."""


class _StoppingError(Exception):
    """The process stops."""


@dataclass(frozen=True, slots=True)
class ComputedCurves:
    """What one run has computed."""

    orders: int
    """Orders whose losses could be told."""
    curves: int


@dataclass(frozen=True, slots=True)
class SurvivalCurves:
    """Computes the retention curves of the shop."""

    database: Database
    clock: Callable[[], datetime]
    every: timedelta
    period: timedelta
    """Orders that were completed in this time are used."""
    mass_drop_window: timedelta
    heartbeat: Callable[[], None]
    wait: Callable[[timedelta], bool]
    """Waits, and returns whether the process stops."""

    def run_once(self) -> None:
        """Compute all curves and costs, if it is time."""
        computed = self.compute()
        if computed is not None:
            log.info("survival.computed", orders=computed.orders, curves=computed.curves)

    def compute(self) -> ComputedCurves | None:
        """Compute and store all curves and costs; None if it is not time, or the process stops."""
        now = self.clock()
        since = now - self.period
        with self.database.write() as tx:
            run_id = survival_curves.begin_run(tx, now, since, self.every)
        if run_id is None:
            return None
        try:
            return self._compute(run_id, now, since)
        except _StoppingError:
            with self.database.write() as tx:
                survival_curves.abandon_run(tx, run_id)
            return None

    def _compute(self, run_id: int, now: datetime, since: datetime) -> ComputedCurves:
        reading = SurvivalReading(self.database, now, since, self.mass_drop_window, self._rest)
        by_group = reading.losses_by_group()
        stored = sum(self._store(run_id, name, orders) for name, orders in _by_curve(by_group))
        self._store_costs(run_id, sum_costs(self.database, self._rest))
        with self.database.write() as tx:
            survival_curves.finish_run(tx, run_id, self.clock())
        self._delete_older(run_id)
        return ComputedCurves(sum(map(len, by_group.values())), stored)

    def _store(self, run_id: int, name: CurveName, orders: Sequence[OrderLosses]) -> bool:
        """Compute one curve and store it; False if too few orders were observed."""
        random = Random(f"{name.metric}/{name.service}/{name.provider}")
        if len(orders) > MOST_OF_A_GROUP:
            orders = random.sample(orders, MOST_OF_A_GROUP)
        estimated = estimate(orders)
        self._rest()
        if estimated is None:
            return False
        drawn = []
        for number, one in enumerate(estimated.drawn(random), start=1):
            drawn.append(one)
            if number % DRAWN_AT_ONCE == 0:
                self._rest()
        with self.database.write() as tx:
            survival_curves.save(tx, run_id, name, estimated.curve(drawn))
        return True

    def _store_costs(self, run_id: int, costs: Sequence[GuaranteeCost]) -> None:
        for first in range(0, len(costs), COSTS_SAVED):
            with self.database.write() as tx:
                guarantee_costs.save(tx, run_id, costs[first : first + COSTS_SAVED])
            self._rest()

    def _delete_older(self, run_id: int) -> None:
        more = True
        while more:
            with self.database.write() as tx:
                more = survival_curves.delete_older(tx, run_id, CURVES_DELETED)
            self.heartbeat()

    def _rest(self) -> None:
        """Let other threads work; raises _StoppingError when the process stops."""
        self.heartbeat()
        if self.wait(PAUSE):
            raise _StoppingError


def _by_curve(
    by_group: Mapping[OrderGroup, Sequence[OrderLosses]],
) -> Iterator[tuple[CurveName, list[OrderLosses]]]:
    """The orders of each curve, those with the most orders first; at most MOST_CURVES."""
    groups: defaultdict[CurveName, list[OrderGroup]] = defaultdict(list)
    for group in by_group:
        for name in names_of(*group):
            groups[name].append(group)
    sizes = {name: sum(len(by_group[group]) for group in found) for name, found in groups.items()}
    for name in sorted(groups, key=lambda name: (-sizes[name], name))[:MOST_CURVES]:
        yield name, [order for group in groups[name] for order in by_group[group]]
