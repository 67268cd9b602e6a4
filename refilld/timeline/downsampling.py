"""Downsampling: fewer points for a plot, without a visible difference."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

Point: TypeAlias = tuple[datetime, int]
"""The time of a look, and its count."""


def downsampled(points: Iterable[Point], column: Callable[[datetime], int]) -> Iterator[Point]:
    """The first, lowest, highest and last point of each column; the points are in order of time."""
    for _, group in groupby(points, key=lambda point: column(point[0])):
        run = list(group)
        by_count = sorted(range(len(run)), key=lambda i: run[i][1])
        yield from (run[i] for i in sorted({0, by_count[0], by_count[-1], len(run) - 1}))
