"""*Retention*: how long delivered units stay, by service and provider, and what the guarantee cost."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from flask import request
from markupsafe import Markup

from monitor.model.target import Metric
from monitor.survival.curve import LEAST_ORDERS
from monitor.survival.curve_name import ALL
from refilld.charts.retention_chart import RetentionChart, ShareCurve, SharePoint, SharePointRow, share_rows
from refilld.charts.retention_svg import retention_svg
from refilld.charts.words import ENGLISH
from refilld.services.retention import RetentionCurve, RetentionFilter
from refilld.services.retention_summary import MOST_ROWS, Comparison, RetentionSummary, summary
from refilld.web.list_fields import LONGEST_FILTER, ListColumn
from refilld.web.page import DeskPage, NavGroup, PageContext
from refilld.web.reader import gettext, translation

PATH = "/retention"
_DAY = timedelta(days=1)
_MONTH = "%Y-%m"
_FILTERS = ("metric", "service", "provider")
_POINTS = (
    ListColumn("name", "Orders"),
    ListColumn("days", "Age in days", numeric=True),
    ListColumn("share", "Still there", numeric=True),
    ListColumn("band", "Band of 95 percent", numeric=True),
)
_LOSSES = (
    ListColumn("service", "Service"),
    ListColumn("provider", "Provider"),
    ListColumn("lost_7d", "Lost in 7 days", numeric=True),
    ListColumn("lost_30d", "Lost in 30 days", numeric=True),
    ListColumn("lost_60d", "Lost in 60 days", numeric=True),
    ListColumn("orders", "Orders", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("observed", "Observed, days", numeric=True),
)
_MONTHS = (
    ListColumn("month", "Month"),
    ListColumn("refills", "Refills", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("price", "Price", numeric=True),
)
_COSTS = (
    ListColumn("service", "Service"),
    ListColumn("provider", "Provider"),
    ListColumn("refills", "Refills", numeric=True),
    ListColumn("units", "Units", numeric=True),
    ListColumn("price", "Price", numeric=True),
)


@dataclass(frozen=True, slots=True)
class DrawnComparison:
    """A chart, with its key points."""

    title: str
    svg: Markup
    points: tuple[SharePointRow, ...]


def show(context: PageContext) -> str:
    """The page."""
    given = _given()
    wanted = RetentionFilter(
        Metric(given["metric"]) if "metric" in given else None, given.get("service"), given.get("provider")
    )
    with context.database.read() as tx:
        found = summary(tx, wanted, _month(request.args.get("month", "")), context.now)
    return context.render(
        "retention.html",
        filters=given,
        found=found,
        survival=context.settings.survival,
        next_at=_next(context, found),
        drawn=() if found is None else [_drawn(one) for one in found.comparisons],
        least=LEAST_ORDERS,
        most_rows=MOST_ROWS,
        points=_POINTS,
        losses=_LOSSES,
        months=_MONTHS,
        costs=_COSTS,
        url=lambda **more: f"{PATH}?{urlencode(dict(given) | more)}",
        now=context.now,
    )


def _given() -> dict[str, str]:
    """The filter that the URL has, without a metric that is none."""
    found = {name: request.args.get(name, "").strip()[:LONGEST_FILTER] for name in _FILTERS}
    found["metric"] = found["metric"] if found["metric"] in {*Metric} else ""
    return {name: value for name, value in found.items() if value and "\0" not in value}


def _next(context: PageContext, found: RetentionSummary | None) -> datetime | None:
    """When curves are computed again; None before the first time, or if they are not."""
    survival = context.settings.survival
    return found.run.started_at + survival.every if found is not None and survival.enabled else None


def _month(text: str) -> datetime | None:
    """The beginning of a month as the URL has it."""
    try:
        return datetime.strptime(text[:LONGEST_FILTER], _MONTH).replace(tzinfo=UTC)
    except ValueError:
        return None


def _drawn(one: Comparison) -> DrawnComparison:
    title = gettext("By service") if one.by_service else gettext("By provider")
    curves = [ShareCurve(_named(curve, by_service=one.by_service), _points(curve)) for curve in one.curves]
    chart = RetentionChart(title, curves)
    return DrawnComparison(title, retention_svg(chart, ENGLISH.into(translation())), share_rows(chart))


def _named(found: RetentionCurve, *, by_service: bool) -> str:
    if by_service:
        return gettext("all services") if found.name.service == ALL else found.name.service
    return gettext("all providers") if found.name.provider == ALL else found.name.provider


def _points(found: RetentionCurve) -> list[SharePoint]:
    return [SharePoint(one.age / _DAY, one.share, one.low, one.high) for one in found.curve.points]


PAGE = DeskPage("retention", PATH, "Retention", show, group=NavGroup.MONITOR, letter="n")
