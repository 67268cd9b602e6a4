"""Downsampling: fewer points for a plot, without a visible difference."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeAlias

Point: TypeAlias = tuple[datetime, int]
"""The time of a look, and its count."""

_TIME, _COUNT = itemgetter(0), itemgetter(1)


def downsampled(points: Sequence[Point], ends: Iterable[datetime]) -> Iterator[Point]:
    """The first, lowest, highest and last point of each column; the points are in order of time.

    A column reaches from the end of the one before it to its own end, which belongs to the next.
    """
    start = 0
    for end in ends:
        stop = bisect_left(points, end, lo=start, key=_TIME)
        if run := points[start:stop]:
            yield from sorted({run[0], min(run, key=_COUNT), max(run, key=_COUNT), run[-1]})
        start = stop
