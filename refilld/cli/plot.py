"""The plot: an order's counts over time, with the levels that they are judged by, as plain text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from textwrap import wrap
from typing import TypeAlias

from plotille import Canvas

from refilld.timeline.downsampling import Point, downsampled
from refilld.timeline.levels import Levels

MARKS = {"!": "drop suspected", "+": "refill completed", "x": "failed look"}
"""What may stand on the time axis; where several fall on one place, the first of these."""
NARROWEST = 10
_ORIGIN = "line, drop, floor: for each moment, from the orders and flags known now"
_NOT_JUDGED = "no line: the order was not judged in this time"
_BLANK = "\u2800"
_FLOOR_EVERY = 4
_Levels: TypeAlias = Sequence[tuple[datetime, Levels]]


@dataclass(frozen=True, slots=True)
class Curve:
    """What is to be drawn, in order of time."""

    counts: Sequence[Point]
    levels: Callable[[datetime], Levels | None]
    marks: Mapping[datetime, str]
    """Moments to be marked on the time axis, each with a key of MARKS."""


@dataclass(frozen=True, slots=True)
class _Across:
    """Where moments lie, on so many characters of two dots each."""

    start: datetime
    end: datetime
    width: int

    def dot(self, at: datetime) -> int:
        span = self.end - self.start
        return round((at - self.start) / span * (2 * self.width - 1)) if span else 0

    def moment(self, column: int) -> datetime:
        return self.start + (self.end - self.start) * column / max(self.width - 1, 1)


@dataclass(frozen=True, slots=True)
class _Up:
    """Where counts lie, on so many rows of four dots each; in whole numbers, for counts may be huge."""

    low: int
    high: int
    height: int
    broken: bool = False
    """The floors are far below, under a break of the scale."""

    def dot(self, count: int) -> int:
        return (count - self.low) * (4 * self.height - 1) // (self.high - self.low)

    def row(self, count: int) -> int:
        return self.height - 1 - self.dot(count) // 4


@dataclass(frozen=True, slots=True)
class _Level:
    """One level as it is drawn: dotted, for only the counts are solid."""

    name: str
    value: int
    every: int
    """A dot in every how manieth column."""
    colour: str


def _parts(levels: Levels) -> Iterator[_Level]:
    """The levels that there are, those first that a reader misses most."""
    yield _Level("line", levels.line, 1, "green")
    yield _Level("floor", levels.floor, _FLOOR_EVERY, "red")
    if levels.opens is not None:
        yield _Level("drop", levels.opens, 2, "yellow")


def drawn(curve: Curve, width: int, height: int, *, colours: bool) -> list[str]:
    """Draw a curve so many columns wide, on so many rows and those of the axis and the legend."""
    if not curve.counts:
        return ["no count yet, so there is nothing to draw"]
    moments = [curve.counts[0][0], curve.counts[-1][0], *curve.marks]
    across = _Across(min(moments), max(moments), width)
    levels = [
        (at, found) for at in map(across.moment, range(width)) if (found := curve.levels(at)) is not None
    ]
    up = _reach(curve.counts, levels, height)
    labels = _labels(up, curve.counts, levels)
    margin = max(map(len, labels))
    across = _Across(across.start, across.end, max(width - margin - 2, NARROWEST))
    rows = _canvas(across, up, downsampled(curve.counts, across.dot), levels, colours=colours)
    if up.broken:
        rows += [" ~" * (across.width // 2), _far(across, levels)]
    return [
        *(f"{label:>{margin}} │{row}" for label, row in zip(labels, rows, strict=True)),
        f"{'UTC':>{margin}} └{_axis(across, curve.marks)}",
        f"{'':>{margin}}  {_dates(across)}",
        *_legend(curve, levels, width),
    ]


def _reach(counts: Sequence[Point], levels: _Levels, height: int) -> _Up:
    """From the lowest to the highest of everything, with room for a curve that is flat.

    A floor so far below that it would take most of the picture comes under a break of the scale.
    """
    parts = [level for _, found in levels for level in _parts(found)]
    seen = [count for _, count in counts] + [level.value for level in parts if level.name != "floor"]
    low, high = min(seen), max(seen)
    floor = min((found.floor for _, found in levels), default=low)
    broken = low - floor > high - low
    low = low if broken else min(low, floor)
    flat = int(low == high)
    return _Up(low - flat, high + flat, height - 2 if broken else height, broken=broken)


def _canvas(
    across: _Across, up: _Up, counts: Iterable[Point], levels: _Levels, *, colours: bool
) -> list[str]:
    canvas = Canvas(
        across.width, up.height, 0, 0, across.width * 2, up.height * 4, mode="names", no_color=not colours
    )
    for at, found in levels:
        column = across.dot(at) // 2
        for level in _parts(found):
            if column % level.every == 0 and level.value >= up.low:
                canvas.point(2 * column, up.dot(level.value), color=level.colour)
    dots = [(across.dot(at), up.dot(count)) for at, count in counts]
    for (x, y), (next_x, next_y) in pairwise([dots[0], *dots]):
        canvas.line(x, y, next_x, next_y, color="bright_cyan")
    return str(canvas.plot(linesep="\n")).replace(_BLANK, " ").split("\n")


def _labels(up: _Up, counts: Sequence[Point], levels: _Levels) -> list[str]:
    """What stands beside each row: the newest levels, the newest count, the ends of the scale."""
    wanted = [(level.value, f"{level.name} ") for _, newest in levels[-1:] for level in _parts(newest)]
    wanted += [(counts[-1][1], "now "), (up.high, ""), (max(up.low, 0), "")]
    labels = [""] * up.height
    for value, name in wanted:
        if value >= up.low:
            labels[up.row(value)] = labels[up.row(value)] or f"{name}{value:,}"
    return [*labels, "", f"floor {levels[-1][1].floor:,}"] if up.broken else labels


def _far(across: _Across, levels: _Levels) -> str:
    """The floors as a row of their own, under the break."""
    cells = [" "] * across.width
    for at, _ in levels:
        column = across.dot(at) // 2
        cells[column] = "⠄" if column % _FLOOR_EVERY == 0 else " "
    return "".join(cells)


def _axis(across: _Across, marks: Mapping[datetime, str]) -> str:
    cells = ["─"] * across.width
    for sign in reversed(MARKS):
        for at, mark in marks.items():
            if mark == sign:
                cells[across.dot(at) // 2] = sign
    return "".join(cells)


def _dates(across: _Across) -> str:
    """As many dates as fit, each starting at its place, the last one ending at the last column."""
    span = across.end - across.start
    form = (
        "%Y-%m-%d" if span > timedelta(days=3) else "%m-%d %H:%M" if span > timedelta(hours=2) else "%H:%M:%S"
    )
    size = len(f"{across.start:{form}}")
    number = across.width // (size + 4) if span else 1
    if number < 2:  # noqa: PLR2004 - no room for two, or no second moment
        return f"{across.start:{form}}"
    step = across.width // number
    text = "".join(f"{across.moment(step * i):{form}}".ljust(step) for i in range(number - 1))
    return text.ljust(across.width - size) + f"{across.end:{form}}"


def _legend(curve: Curve, levels: _Levels, width: int) -> Iterator[str]:
    items = ["⠒⠒ count"]
    if levels:
        newest = levels[-1][1]
        items += [
            f"⠂⠂⠂⠂ line {newest.line:,}",
            "no drop can open" if newest.opens is None else f"⠂ ⠂ a drop opens at {newest.opens:,}",
            f"⠂   floor {newest.floor:,}",
        ]
    items += [f"{sign} {name}" for sign, name in MARKS.items() if sign in curve.marks.values()]
    yield from _packed(items, width)
    yield from wrap(_ORIGIN if levels else _NOT_JUDGED, width)


def _packed(items: Iterable[str], width: int) -> Iterator[str]:
    """Items side by side on lines of this width."""
    line = ""
    for item in items:
        if line and len(line) + 3 + len(item) > width:
            yield line
            line = item
        else:
            line = f"{line}   {item}" if line else item
    yield line
