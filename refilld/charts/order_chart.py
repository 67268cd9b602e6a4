"""The values of an order's chart: counts, levels, bands and marks over time."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from operator import itemgetter

from refilld.charts.downsampling import Point
from refilld.charts.levels import Levels

_TIME = itemgetter(0)


class BandKind(StrEnum):
    """What lasted for a time."""

    GUARANTEE = "guarantee"
    """The guarantee was in force."""
    PRIVATE = "private"
    """The profile was private."""
    UNREAD = "unread"
    """Looks failed for any other reason."""
    MASS_DROP = "mass_drop"
    DROP = "drop"


class MarkKind(StrEnum):
    """What happened at a moment."""

    DELIVERED = "delivered"
    DROP = "drop"
    DECISION = "decision"
    QUEUED = "queued"
    """A refill was queued."""
    COMPLETED = "completed"
    """A refill was delivered."""
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class ChartBand:
    """A time from `start` to `end`; the end belongs to it."""

    kind: BandKind
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ChartMark:
    """An event; its text may contain unfiltered input."""

    kind: MarkKind
    at: datetime
    text: str = ""
    """What happened; empty for the words of its kind."""
    count: int | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class LevelStep:
    """The levels from a time on; None where the order was not judged."""

    at: datetime
    levels: Levels | None


@dataclass(frozen=True, slots=True)
class OrderChart:
    """All that is drawn about one order, each sequence in order of time."""

    title: str
    """May contain unfiltered input."""
    unit: str
    """What is counted, such as `followers`."""
    start: datetime
    end: datetime
    counts: Sequence[Point]
    failed: Sequence[datetime] = ()
    """Times of looks without a count; the line of counts breaks there."""
    levels: Sequence[LevelStep] = ()
    bands: Sequence[ChartBand] = ()
    marks: Sequence[ChartMark] = ()
    delivered: int | None = None
    owed: int | None = None
    """Units that are missing now and covered by the guarantee."""


def within(chart: OrderChart, start: datetime, end: datetime) -> OrderChart:
    """The part of a chart from one time to another, to zoom in."""
    before = [step for step in chart.levels if step.at <= start][-1:]
    return replace(
        chart,
        start=start,
        end=end,
        counts=chart.counts[
            bisect_left(chart.counts, start, key=_TIME) : bisect_right(chart.counts, end, key=_TIME)
        ],
        failed=chart.failed[bisect_left(chart.failed, start) : bisect_right(chart.failed, end)],
        levels=[
            *(replace(step, at=start) for step in before),
            *(step for step in chart.levels if start < step.at <= end),
        ],
        bands=[
            band
            if start <= band.start and band.end <= end
            else replace(band, start=max(band.start, start), end=min(band.end, end))
            for band in chart.bands
            if band.start <= end and band.end >= start
        ],
        marks=[mark for mark in chart.marks if start <= mark.at <= end],
    )
