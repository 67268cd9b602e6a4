"""The data of the chart of an order, for the script that zooms it."""

from datetime import UTC, datetime

from flask import Response, jsonify, request

from monitor.model.whole_number import whole_number
from refilld.charts.chart_data import chart_data
from refilld.charts.order_chart import OrderChart, within
from refilld.charts.words import ENGLISH
from refilld.timeline.load import Thinning, load
from refilld.timeline.order_chart import order_chart
from refilld.web.page import DeskPage, PageContext
from refilld.web.reader import translation

PARTS = 1_000
"""Of the time that is shown, each with the looks that stand for the others."""
_LATEST = 4_102_444_800
"""Seconds from 1970 to 2100."""


def show(context: PageContext, order_id: str) -> Response:
    """The chart as JSON: everything, or from `start` to `end`."""
    start, end = _time("start"), _time("end")
    with context.database.read() as tx:
        timeline = load(tx, order_id, context.now, context.desk.enabled, Thinning(PARTS, start, end))
    into = translation()
    return jsonify(chart_data(_part(order_chart(timeline, into), start, end), ENGLISH.into(into)))


def _part(chart: OrderChart, start: datetime | None, end: datetime | None) -> OrderChart:
    if start is None or end is None or start >= end:
        return chart
    return within(chart, start, end)


def _time(name: str) -> datetime | None:
    """A time of the URL in seconds since 1970; None if it has none."""
    seconds = whole_number(request.args.get(name, ""), _LATEST)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


PAGE = DeskPage("order_chart", "/order-charts/<order:order_id>", "Chart of an order", show)
