"""The axes of a chart: from times and counts to places in a picture."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.model.instants import NO_END

COLUMNS = 800
"""Columns that a picture is divided into; it may be shown wider or narrower."""
_WIDE = 3


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Maps times to columns."""

    start: datetime
    end: datetime
    columns: int = COLUMNS

    def column(self, at: datetime) -> int:
        """The column of a time; times outside of the axis are at its ends."""
        if self.start < at < self.end:
            return round((at - self.start) / (self.end - self.start) * self.columns)
        if self.start == self.end:
            return self.columns // 2
        return 0 if at <= self.start else self.columns

    def wide(self, start: datetime, end: datetime) -> bool:
        """Whether a time is wide enough to be seen over many others."""
        return self.column(end) - self.column(start) >= _WIDE

    def percent(self, at: datetime) -> str:
        """The place of a time as a share of the width."""
        return percent(self.column(at) / self.columns)

    def ends(self) -> Iterator[datetime]:
        """The ends of the columns, for `downsampled`; the last column includes its end."""
        span = (self.end - self.start) / self.columns
        yield from (self.start + (2 * column - 1) * span / 2 for column in range(1, self.columns + 1))
        yield NO_END


@dataclass(frozen=True, slots=True)
class CountAxis:
    """Maps counts to pixels from the top; by whole numbers, because counts may be huge."""

    low: int
    high: int
    top: int
    bottom: int

    def y(self, count: int) -> int:
        inside = min(max(count, self.low), self.high)
        return self.bottom - (inside - self.low) * (self.bottom - self.top) // (self.high - self.low)


def percent(share: float) -> str:
    """A share as a percentage for an attribute."""
    return f"{100 * share:.4g}%"


def broken_between(failed: Sequence[datetime], before: datetime, after: datetime) -> bool:
    """Whether a look failed between two times; `failed` is in order of time."""
    return bisect_right(failed, before) < bisect_right(failed, after)
