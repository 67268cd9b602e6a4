"""Retention as rows of tables and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

from monitor.survival.curve import CurvePoint
from monitor.survival.curve_name import CurveName
from refilld.services.retention import LOSS_AGES, RetentionCurve, RetentionOverview
from storage.guarantee_costs import GuaranteeCost

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_DECIMALS = 4


def curve_row(found: RetentionCurve) -> dict[str, object]:
    """A curve for people: what was lost at some ages, in percent with the band."""
    name, curve = found.name, found.curve
    lost = {_lost(age): _percent(found.loss_within(age)) for age in LOSS_AGES}
    return _named(name) | {
        "orders": curve.orders,
        "units": curve.units,
        **lost,
        "days": curve.observed // _DAY,
    }


def cost_row(cost: GuaranteeCost) -> dict[str, object]:
    """What a month cost."""
    return asdict(cost) | {"month": f"{cost.month:%Y-%m}"}


def json_rows(found: RetentionOverview) -> Iterator[dict[str, object]]:
    """When it was computed, each curve with its points, and each cost."""
    run = found.run
    yield {
        "row": "run",
        "computed_at": run.finished_at,
        "completed_since": run.completed_since,
        "method": "Turnbull",
        "cell_hours": run.cell_hours,
    }
    for one in found.curves:
        yield {"row": "curve", **_curve_document(one)}
    for cost in found.costs:
        yield {"row": "cost", **cost_row(cost)}


def _curve_document(found: RetentionCurve) -> dict[str, object]:
    curve = found.curve
    points = [{"hours": point.age // _HOUR, **_shares(point)} for point in curve.points]
    losses = {_lost(age): found.loss_within(age) for age in LOSS_AGES}
    return {
        "metric": found.name.metric,
        "service": found.name.service or None,
        "provider": found.name.provider or None,
        "orders": curve.orders,
        "units": curve.units,
        "observed_hours": curve.observed // _HOUR,
        **{name: None if lost is None else _shares(lost) for name, lost in losses.items()},
        "points": points,
    }


def _named(name: CurveName) -> dict[str, object]:
    return {"metric": name.metric, "service": name.service or "(all)", "provider": name.provider or "(all)"}


def _lost(age: timedelta) -> str:
    return f"lost_{age // _DAY}d"


def _shares(point: CurvePoint) -> dict[str, object]:
    return {name: round(getattr(point, name), _DECIMALS) for name in ("share", "low", "high")}


def _percent(lost: CurvePoint | None) -> str | None:
    if lost is None:
        return None
    return f"{100 * lost.share:.1f}% ({100 * lost.low:.1f}-{100 * lost.high:.1f})"
