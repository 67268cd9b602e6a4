"""A small line of counts for a row of a list."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from markupsafe import Markup

from refilld.charts.axes import CountAxis, TimeAxis
from refilld.charts.downsampling import Point
from refilld.charts.frame import SVG
from refilld.charts.markup import element
from refilld.charts.order_chart import OrderChart
from refilld.charts.paths import count_lines
from refilld.charts.words import ENGLISH, ChartWords

WIDTH, HEIGHT = 96, 24
_EDGE = 3


def sparkline(
    counts: Sequence[Point], failed: Sequence[datetime] = (), words: ChartWords = ENGLISH
) -> Markup:
    """Draw the counts from the first to the last look; its title names the first and the last count."""
    ends = [*(at for at, _ in chain(counts[:1], counts[-1:])), *failed[:1], *failed[-1:]]
    if not counts:
        return _framed(words.empty, ())
    times = TimeAxis(min(ends), max(ends), WIDTH - 2 * _EDGE)
    low, high = min(count for _, count in counts), max(count for _, count in counts)
    axis = CountAxis(low - (low == high), high + (low == high), _EDGE, HEIGHT - _EDGE)
    chart = OrderChart("", "", times.start, times.end, counts, failed)
    at, last = counts[-1]
    return _framed(
        f"{words.number(counts[0][1])} → {words.number(last)}",
        [
            *count_lines(chart, times, axis),
            element("circle", class_="newest", cx=times.column(at), cy=axis.y(last), r=2),
        ],
    )


def _framed(title: str, parts: Sequence[Markup]) -> Markup:
    return element(
        "svg",
        [element("title", title), *parts],
        class_="chart sparkline",
        role="img",
        width=WIDTH,
        height=HEIGHT,
        view_box=f"{-_EDGE} 0 {WIDTH} {HEIGHT}",
        xmlns=SVG,
    )
