"""A plot of the counts of an order over time, with the levels they are judged by, as text."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from textwrap import wrap
from typing import TypeAlias

from plotille import Canvas

from monitor.model.instants import NO_END
from refilld.charts.downsampling import Point, downsampled
from refilld.charts.levels import Levels

MARKS = {"!": "drop suspected", "+": "refill completed", "x": "failed look"}
"""The marks on the time axis; if several fall into one column, the first of these is shown."""
NARROWEST = 10
_ORIGIN = "line, drop, floor: for each moment, from the orders and flags known now"
_NOT_JUDGED = "no line: the order was not judged in this time"
_BLANK = "\u2800"
_FLOOR_EVERY = 4
_Levels: TypeAlias = Sequence[tuple[datetime, Levels]]


@dataclass(frozen=True, slots=True)
class Curve:
    """The data of a plot, in order of time."""

    counts: Sequence[Point]
    levels: Callable[[datetime], Levels | None]
    marks: Mapping[datetime, str]
    """Times to mark on the time axis, each with a key of MARKS."""


@dataclass(frozen=True, slots=True)
class _TimeScale:
    """Maps times to columns of two dots each."""

    start: datetime
    end: datetime
    width: int
    """Number of columns."""

    def dot(self, at: datetime) -> int:
        span = self.end - self.start
        return round((at - self.start) / span * (2 * self.width - 1)) if span else 0

    def ends(self) -> Iterator[datetime]:
        """The ends of the columns of dots; the last one includes its end."""
        dots = 2 * self.width
        yield from (self.start + (self.end - self.start) * dot / dots for dot in range(1, dots))
        yield NO_END

    def time(self, column: int) -> datetime:
        return self.start + (self.end - self.start) * column / max(self.width - 1, 1)


@dataclass(frozen=True, slots=True)
class _CountScale:
    """Maps counts to rows of four dots each; by integer arithmetic, because counts may be huge."""

    low: int
    high: int
    height: int
    """Number of rows."""
    broken: bool = False
    """The floors are shown below a break of the scale."""

    def dot(self, count: int) -> int:
        return (count - self.low) * (4 * self.height - 1) // (self.high - self.low)

    def row(self, count: int) -> int:
        return self.height - 1 - self.dot(count) // 4


@dataclass(frozen=True, slots=True)
class _Level:
    """One level, drawn as a dotted line; only the counts are solid."""

    name: str
    value: int
    every: int
    """A dot is drawn in every n-th column."""
    colour: str


def _drawn_levels(levels: Levels) -> Iterator[_Level]:
    """The levels to draw, in order of importance."""
    yield _Level("line", levels.line, 1, "green")
    yield _Level("floor", levels.floor, _FLOOR_EVERY, "red")
    if levels.opens is not None:
        yield _Level("drop", levels.opens, 2, "yellow")


def drawn(curve: Curve, width: int, height: int, *, colours: bool) -> list[str]:
    """The lines of a plot, `width` columns wide, with `height` rows plus those of the axis and the legend."""
    if not curve.counts:
        return ["no count yet, so there is nothing to draw"]
    ends = [curve.counts[0][0], curve.counts[-1][0], *curve.marks]
    times = _TimeScale(min(ends), max(ends), width)
    levels = [(at, found) for at in map(times.time, range(width)) if (found := curve.levels(at)) is not None]
    scale = _count_scale(curve.counts, levels, height)
    labels = _labels(scale, curve.counts, levels)
    margin = max(map(len, labels))
    times = _TimeScale(times.start, times.end, max(width - margin - 2, NARROWEST))
    rows = _canvas(times, scale, downsampled(curve.counts, times.ends()), levels, colours=colours)
    if scale.broken:
        rows += [" ~" * (times.width // 2), _floor_row(times, levels)]
    return [
        *(f"{label:>{margin}} │{row}" for label, row in zip(labels, rows, strict=True)),
        f"{'UTC':>{margin}} └{_axis(times, curve.marks)}",
        f"{'':>{margin}}  {_dates(times)}",
        *_legend(curve, levels, width),
    ]


def _count_scale(counts: Sequence[Point], levels: _Levels, height: int) -> _CountScale:
    """The scale from the lowest to the highest value, at least two units high.

    If the floor is so low that it would take most of the height, it is shown below a break of the scale.
    """
    parts = [level for _, found in levels for level in _drawn_levels(found)]
    seen = [count for _, count in counts] + [level.value for level in parts if level.name != "floor"]
    low, high = min(seen), max(seen)
    floor = min((found.floor for _, found in levels), default=low)
    broken = low - floor > high - low
    low = low if broken else min(low, floor)
    flat = int(low == high)
    return _CountScale(low - flat, high + flat, height - 2 if broken else height, broken=broken)


def _canvas(
    times: _TimeScale, scale: _CountScale, counts: Iterable[Point], levels: _Levels, *, colours: bool
) -> list[str]:
    canvas = Canvas(
        times.width, scale.height, 0, 0, times.width * 2, scale.height * 4, mode="names", no_color=not colours
    )
    for at, found in levels:
        column = times.dot(at) // 2
        for level in _drawn_levels(found):
            if column % level.every == 0 and level.value >= scale.low:
                canvas.point(2 * column, scale.dot(level.value), color=level.colour)
    dots = [(times.dot(at), scale.dot(count)) for at, count in counts]
    for (x, y), (next_x, next_y) in pairwise([dots[0], *dots]):
        canvas.line(x, y, next_x, next_y, color="bright_cyan")
    return str(canvas.plot(linesep="\n")).replace(_BLANK, " ").split("\n")


def _labels(scale: _CountScale, counts: Sequence[Point], levels: _Levels) -> list[str]:
    """The labels of the rows: the newest levels, the newest count, the ends of the scale."""
    wanted = [(level.value, f"{level.name} ") for _, newest in levels[-1:] for level in _drawn_levels(newest)]
    wanted += [(counts[-1][1], "now "), (scale.high, ""), (max(scale.low, 0), "")]
    labels = [""] * scale.height
    for value, name in wanted:
        if value >= scale.low:
            labels[scale.row(value)] = labels[scale.row(value)] or f"{name}{value:,}"
    return [*labels, "", f"floor {levels[-1][1].floor:,}"] if scale.broken else labels


def _floor_row(times: _TimeScale, levels: _Levels) -> str:
    """The row of the floors below the break."""
    cells = [" "] * times.width
    for at, _ in levels:
        column = times.dot(at) // 2
        cells[column] = "⠄" if column % _FLOOR_EVERY == 0 else " "
    return "".join(cells)


def _axis(times: _TimeScale, marks: Mapping[datetime, str]) -> str:
    cells = ["─"] * times.width
    for sign in reversed(MARKS):
        for at, mark in marks.items():
            if mark == sign:
                cells[times.dot(at) // 2] = sign
    return "".join(cells)


def _dates(times: _TimeScale) -> str:
    """As many dates as fit, each starting at its column; the last one ends at the last column."""
    span = times.end - times.start
    form = (
        "%Y-%m-%d" if span > timedelta(days=3) else "%m-%d %H:%M" if span > timedelta(hours=2) else "%H:%M:%S"
    )
    size = len(f"{times.start:{form}}")
    number = times.width // (size + 4) if span else 1
    if number < 2:  # noqa: PLR2004 - no room for two, or no second moment
        return f"{times.start:{form}}"
    step = times.width // number
    text = "".join(f"{times.time(step * i):{form}}".ljust(step) for i in range(number - 1))
    return text.ljust(times.width - size) + f"{times.end:{form}}"


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
    """Items side by side, on lines of at most this width."""
    line = ""
    for item in items:
        if line and len(line) + 3 + len(item) > width:
            yield line
            line = item
        else:
            line = f"{line}   {item}" if line else item
    yield line
