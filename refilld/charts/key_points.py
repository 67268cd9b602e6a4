"""The key points of a chart, for a table beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from refilld.charts.markup import shortened
from refilld.charts.order_chart import BandKind, OrderChart, within
from refilld.charts.words import ENGLISH, ChartWords

MOST = 200
"""Rows of a table, at most: the newest."""
_COUNT = itemgetter(1)


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One row: its text is short and has no control characters, but is not escaped."""

    at: datetime
    what: str
    count: int | None = None
    units: int | None = None


def key_points(chart: OrderChart, words: ChartWords = ENGLISH) -> tuple[KeyPoint, ...]:
    """The extremes of the counts, the ends of the bands, and the events, in order of time."""
    chart = within(chart, chart.start, chart.end)
    points = [*_marks(chart, words), *_bands(chart, words), *_extremes(chart, words)]
    return tuple(sorted(points, key=lambda point: point.at)[-MOST:])


def _extremes(chart: OrderChart, words: ChartWords) -> Iterator[KeyPoint]:
    if not chart.counts:
        return
    found = {
        words.first: chart.counts[0],
        words.lowest: min(chart.counts, key=_COUNT),
        words.highest: max(chart.counts, key=_COUNT),
        words.newest: chart.counts[-1],
    }
    for point in dict.fromkeys(found.values()):
        named = ", ".join(word for word, other in found.items() if other == point)
        yield KeyPoint(point[0], named, point[1])


def _marks(chart: OrderChart, words: ChartWords) -> Iterator[KeyPoint]:
    for mark in chart.marks:
        yield KeyPoint(mark.at, shortened(mark.text or words.marks[mark.kind]), mark.count, mark.units)


def _bands(chart: OrderChart, words: ChartWords) -> Iterator[KeyPoint]:
    """The ends of every band but a drop, which has a mark; an end at the edge of the chart is none."""
    for band in chart.bands:
        if band.kind is not BandKind.DROP:
            yield KeyPoint(band.start, words.begins.format(what=words.bands[band.kind]))
            if band.end < chart.end:
                yield KeyPoint(band.end, words.ends.format(what=words.bands[band.kind]))
