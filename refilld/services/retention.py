"""Retention, for pages and commands: how long delivered units stay, and what the guarantee cost.

`load` answers from what the job has stored, and `compute` does now what the job does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.survival_curves import SurvivalCurves
from monitor.model.target import Metric
from monitor.survival.curve import CurvePoint, SurvivalCurve
from monitor.survival.curve_name import ALL, CurveName
from refilld.settings.settings import Settings
from storage import guarantee_costs, survival_curves
from storage.engine import Database, Transaction
from storage.guarantee_costs import CostFilter, GuaranteeCost
from storage.survival_curves import SurvivalRun

LOSS_AGES = (timedelta(days=7), timedelta(days=30), timedelta(days=60))
"""Ages at which the share of lost units is told."""


@dataclass(frozen=True, slots=True)
class RetentionFilter:
    """Which curves and costs are wanted; None is any."""

    metric: Metric | None = None
    service: str | None = None
    provider: str | None = None

    @property
    def costs(self) -> CostFilter:
        return CostFilter(self.metric, self.service, self.provider)

    def admits(self, name: CurveName) -> bool:
        """Whether a curve is wanted.

        Of a service its own curve and those by provider, and the other way round. Without either, the
        curves of all orders, of each service, and of each provider.
        """
        if self.service is None and self.provider is None and ALL not in {name.service, name.provider}:
            return False
        return (
            self.metric in {None, name.metric}
            and self.service in {None, name.service}
            and self.provider in {None, name.provider}
        )


@dataclass(frozen=True, slots=True)
class RetentionCurve:
    """A curve and which orders it is about."""

    name: CurveName
    curve: SurvivalCurve

    def loss_within(self, age: timedelta) -> CurvePoint | None:
        """The share that is lost at an age, with its band; None if it was not observed so long."""
        point = self.curve.at(age)
        return None if point is None else point.lost


@dataclass(frozen=True, slots=True)
class RetentionOverview:
    """What was computed last, as far as it is wanted."""

    run: SurvivalRun
    curves: tuple[RetentionCurve, ...]
    """By metric; those of the most units first."""
    costs: tuple[GuaranteeCost, ...]
    """The newest month first."""


def load(tx: Transaction, wanted: RetentionFilter) -> RetentionOverview | None:
    """What was computed last; None if nothing was computed yet."""
    run = survival_curves.newest_run(tx)
    if run is None:
        return None
    listed = survival_curves.listed(tx, run.run_id, wanted.service, wanted.provider)
    admitted = [one for one in listed if wanted.admits(one.name)]
    curves = zip(admitted, survival_curves.load(tx, admitted), strict=True)
    costs = guarantee_costs.of_run(tx, run.run_id, wanted.costs)
    return RetentionOverview(
        run, tuple(RetentionCurve(one.name, curve) for one, curve in curves), tuple(costs)
    )


def compute(database: Database, settings: Settings, clock: Callable[[], datetime]) -> bool:
    """Compute everything now, without a rest; False if another process is at it."""
    job = SurvivalCurves(
        database,
        clock,
        every=timedelta(0),
        period=settings.survival.period,
        mass_drop_window=settings.mass_drop.rule.window,
        heartbeat=lambda: None,
        wait=lambda _pause: False,
    )
    return job.compute() is not None
