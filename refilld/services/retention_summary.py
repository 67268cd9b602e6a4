"""Retention at a glance: losses by age, the curves to compare, and what the guarantee cost by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.model.target import Metric
from monitor.survival.curve import CurvePoint
from monitor.survival.curve_name import ALL, CurveName
from monitor.survival.grid import CELL, age_at
from refilld.services.retention import LOSS_AGES, RetentionCurve, RetentionFilter
from storage import guarantee_costs, survival_curves
from storage.engine import Transaction
from storage.guarantee_costs import GuaranteeCost, MonthCost
from storage.survival_curves import StoredCurve, SurvivalRun

MOST_COMPARED = 5
"""Curves of one comparison."""
MOST_ROWS = 25
MONTHS = timedelta(days=365)
"""Costs are summed for so long."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What the orders of one curve have lost."""

    name: CurveName
    orders: int
    units: int
    observed: timedelta
    by_age: tuple[CurvePoint | None, ...]
    """At each of LOSS_AGES the share that is lost, with its band; None if it was not observed so long."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Curves to look at side by side: one of all orders, and those that it is made of."""

    curves: tuple[RetentionCurve, ...]
    by_service: bool
    """Whether the curves differ by service; otherwise by provider."""


@dataclass(frozen=True, slots=True)
class RetentionSummary:
    """What was computed last about one metric, as far as it is wanted."""

    run: SurvivalRun
    metric: Metric | None
    """The one that is wanted, or that of the most units; None if there is no curve of any."""
    metrics: tuple[Metric, ...]
    """Those with a curve."""
    services: tuple[str, ...]
    """Those with a curve of the metric."""
    providers: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    losses: tuple[Losses, ...]
    """Those of the most units first."""
    more: int
    """Curves whose losses are left out."""
    months: tuple[MonthCost, ...]
    month: datetime | None
    """The one that is wanted, or the newest; None if the guarantee cost nothing."""
    costs: tuple[GuaranteeCost, ...]
    """Of the month, those of the most units first; at most MOST_ROWS."""


def summary(
    tx: Transaction, wanted: RetentionFilter, month: datetime | None, now: datetime
) -> RetentionSummary | None:
    """What was computed last; None if nothing was computed yet."""
    run = survival_curves.newest_run(tx)
    if run is None:
        return None
    stored = survival_curves.listed(tx, run.run_id)
    metric = wanted.metric or _largest(stored)
    wanted = RetentionFilter(metric, wanted.service, wanted.provider)
    of_metric = [one for one in stored if one.name.metric is metric]
    admitted = [one for one in of_metric if wanted.admits(one.name)]
    months = guarantee_costs.by_month(tx, run.run_id, now - MONTHS, wanted.costs)
    known = {one.month for one in months}
    shown = month if month in known else max(known, default=None)
    costs = () if shown is None else guarantee_costs.of_month(tx, run.run_id, shown, wanted.costs, MOST_ROWS)
    return RetentionSummary(
        run,
        metric,
        tuple(sorted({one.name.metric for one in stored})),
        tuple(sorted({one.name.service for one in of_metric} - {ALL})),
        tuple(sorted({one.name.provider for one in of_metric} - {ALL})),
        _comparisons(tx, wanted, admitted),
        _losses(tx, admitted[:MOST_ROWS]),
        len(admitted[MOST_ROWS:]),
        tuple(months),
        shown,
        tuple(costs),
    )


def _largest(stored: Sequence[StoredCurve]) -> Metric | None:
    largest = max(stored, key=lambda one: one.units, default=None)
    return None if largest is None else largest.name.metric


def _comparisons(
    tx: Transaction, wanted: RetentionFilter, admitted: Sequence[StoredCurve]
) -> tuple[Comparison, ...]:
    """By provider and by service, as far as they are left open; the curve of all of them comes first."""
    by_provider = [one for one in admitted if one.name.service == (wanted.service or ALL)][:MOST_COMPARED]
    by_service = [one for one in admitted if one.name.provider == (wanted.provider or ALL)][:MOST_COMPARED]
    chosen = [(by_provider, False)] * (wanted.provider is None)
    if wanted.service is None or wanted.provider is not None:
        chosen.append((by_service, True))
    chosen = [(group, by) for group, by in chosen if group]
    every = {one.curve_id: one for group, _ in chosen for one in group}
    curves = dict(zip(every, survival_curves.load(tx, list(every.values())), strict=True))
    return tuple(
        Comparison(tuple(RetentionCurve(one.name, curves[one.curve_id]) for one in group), by)
        for group, by in chosen
    )


def _losses(tx: Transaction, stored: Sequence[StoredCurve]) -> tuple[Losses, ...]:
    points = survival_curves.some_points(tx, stored, [age // CELL for age in LOSS_AGES])
    ends = survival_curves.ends(tx, stored)
    return tuple(
        Losses(one.name, one.orders, one.units, age_at(end), _by_age(found))
        for one, found, end in zip(stored, points, ends, strict=True)
    )


def _by_age(points: Sequence[CurvePoint]) -> tuple[CurvePoint | None, ...]:
    found = {point.age: point.lost for point in points}
    return tuple(found.get(age) for age in LOSS_AGES)
