"""The chart of an order for its buyer: counts and what they are owed, without names and inner decisions."""

from dataclasses import replace

from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, LevelStep, MarkKind, OrderChart

_BANDS = frozenset({BandKind.GUARANTEE, BandKind.PRIVATE, BandKind.UNREAD, BandKind.DROP})
_MARKS = frozenset({MarkKind.DELIVERED, MarkKind.DROP, MarkKind.QUEUED, MarkKind.COMPLETED})


def buyer_chart(chart: OrderChart, title: str) -> OrderChart:
    """The same time with what concerns the buyer; every text is replaced, as it may name somebody."""
    return replace(
        chart,
        title=title,
        levels=[LevelStep(step.at, _levels(step.levels)) for step in chart.levels],
        bands=[band for band in chart.bands if band.kind in _BANDS],
        marks=[replace(mark, text="") for mark in chart.marks if mark.kind in _MARKS],
    )


def _levels(levels: Levels | None) -> Levels | None:
    """The levels without the threshold."""
    return None if levels is None else replace(levels, opens=None)
