"""The data of an order's chart as JSON, for the script that zooms it in the browser."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from refilld.charts.axes import TimeAxis, broken_between
from refilld.charts.downsampling import Point, downsampled
from refilld.charts.markup import shortened
from refilld.charts.order_chart import OrderChart, within
from refilld.charts.words import ENGLISH, ChartWords

COLUMNS = 1_500
"""Columns of the data, each with up to four counts; a zoomed chart asks for its part again."""
MARKS = 500
"""Marks, at most: the newest."""


def chart_data(chart: OrderChart, words: ChartWords = ENGLISH) -> dict[str, Any]:
    """Times in seconds since 1970, counts with None where a look failed, and levels by time of change.

    Bands that are too narrow to be seen are left out. Texts are not escaped: the script writes them as text.
    """
    chart = within(chart, chart.start, chart.end)
    times = TimeAxis(chart.start, chart.end, COLUMNS)
    counts = list(_with_gaps(chart, times))
    steps = chart.levels
    last = [steps[-1].levels] if steps else []
    levels = [step.levels for step in steps] + last
    return {
        "title": shortened(chart.title),
        "unit": chart.unit,
        "start": chart.start.timestamp(),
        "end": chart.end.timestamp(),
        "words": {"count": words.count, "line": words.line, "opens": words.opens, "floor": words.floor},
        "counts": [[at.timestamp() for at, _ in counts], [count for _, count in counts]],
        "levels": [
            [step.at.timestamp() for step in steps] + [chart.end.timestamp()] * len(last),
            [found and found.line for found in levels],
            [found and found.opens for found in levels],
            [found and found.floor for found in levels],
        ],
        "bands": [
            {"kind": band.kind, "start": band.start.timestamp(), "end": band.end.timestamp()}
            for band in chart.bands
            if times.wide(band.start, band.end)
        ],
        "marks": [
            {
                "kind": mark.kind,
                "at": mark.at.timestamp(),
                "text": shortened(mark.text or words.marks[mark.kind]),
            }
            for mark in chart.marks[-MARKS:]
        ],
    }


def _with_gaps(chart: OrderChart, times: TimeAxis) -> Iterator[tuple[datetime, int | None]]:
    """The downsampled counts, with a None between two columns if a look failed there."""
    before: Point | None = None
    for point in downsampled(chart.counts, times.ends()):
        apart = before is not None and times.column(before[0]) != times.column(point[0])
        if before is not None and apart and broken_between(chart.failed, before[0], point[0]):
            yield before[0] + (point[0] - before[0]) / 2, None
        yield point
        before = point
