"""Thinning: so few points that they can be drawn, and none left out that would be seen."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

Point: TypeAlias = tuple[datetime, int]
"""A count and when it was read."""


def downsampled(points: Iterable[Point], column: Callable[[datetime], int]) -> Iterator[Point]:
    """Of the points (in order of time) in each column keep the first, the lowest, the highest, the last."""
    for _, group in groupby(points, key=lambda point: column(point[0])):
        run = list(group)
        by_count = sorted(range(len(run)), key=lambda i: run[i][1])
        yield from (run[i] for i in sorted({0, by_count[0], by_count[-1], len(run) - 1}))
