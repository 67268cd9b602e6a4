"""The chart of an order as SVG that fits any width: texts keep their size, and only lines are stretched."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from monitor.model.time_words import minute
from refilld.charts.axes import CountAxis, TimeAxis
from refilld.charts.frame import count_grid, picture, stretched, time_labels
from refilld.charts.labels import LineLabel, label_texts
from refilld.charts.lanes import lanes, shades
from refilld.charts.levels import Levels
from refilld.charts.markup import element
from refilld.charts.order_chart import OrderChart, within
from refilld.charts.paths import count_lines, level_path
from refilld.charts.summary import summary
from refilld.charts.words import ENGLISH, ChartWords

TOP, BOTTOM = 30, 260
"""The plot, in pixels from the top."""
_BREAK = 30
"""Pixels below a break of the axis, in which the floor is drawn."""
_LANES = BOTTOM + 22


@dataclass(frozen=True, slots=True)
class _DrawnLevel:
    """One of the levels: its name, its count, and the place of its count."""

    class_: str
    word: str
    count: Callable[[Levels], int | None]
    place: Callable[[int], int]

    def y(self, levels: Levels) -> int | None:
        count = self.count(levels)
        return None if count is None else self.place(count)


@dataclass(frozen=True, slots=True)
class _Plot:
    """The counts and levels of a chart on their axes."""

    chart: OrderChart
    times: TimeAxis
    counts: CountAxis
    broken: bool
    """The floor is far below the counts, and drawn below a break of the axis."""
    words: ChartWords

    def levels(self) -> Iterator[_DrawnLevel]:
        yield _DrawnLevel("line", self.words.line, lambda levels: levels.line, self.counts.y)
        yield _DrawnLevel("opens", self.words.opens, lambda levels: levels.opens, self.counts.y)
        place = (lambda _: BOTTOM - 6) if self.broken else self.counts.y
        yield _DrawnLevel("floor", self.words.floor, lambda levels: levels.floor, place)

    def paths(self) -> Iterator[Markup]:
        yield from shades(self.chart, self.times, TOP, BOTTOM - TOP)
        if self.broken:
            path = f"M0 {self.counts.bottom}H{self.times.columns}"
            yield element("path", class_="break", d=path)
        for level in self.levels():
            if path := level_path(self.chart.levels, self.times, level.y, self.times.columns):
                yield element("path", class_=f"level {level.class_}", d=path)
        yield from count_lines(self.chart, self.times, self.counts)

    def labels(self) -> Iterator[LineLabel]:
        """The newest count, and the newest levels."""
        number = self.words.number
        if self.chart.counts:
            count = self.chart.counts[-1][1]
            yield LineLabel(self.counts.y(count), f"{self.words.count} {number(count)}", "count")
        newest = next((step.levels for step in reversed(self.chart.levels) if step.levels is not None), None)
        for level in self.levels() if newest is not None else ():
            if newest is not None and (value := level.count(newest)) is not None:
                far = f" ({self.words.not_to_scale})" if self.broken and level.class_ == "floor" else ""
                yield LineLabel(level.place(value), f"{level.word} {number(value)}{far}", level.class_)

    def newest(self) -> Iterator[Markup]:
        """A dot at the newest count, or words if there is none."""
        if not self.chart.counts:
            yield element("text", self.words.empty, class_="empty", x="50%", y=(TOP + BOTTOM) // 2)
        for at, count in self.chart.counts[-1:]:
            place = self.times.percent(at)
            yield element("circle", class_="newest", cx=place, cy=self.counts.y(count), r=4)


def order_svg(chart: OrderChart, words: ChartWords = ENGLISH) -> Markup:
    """Draw the counts with the levels that they were judged by, and what happened."""
    chart = within(chart, chart.start, chart.end)
    plot = _plot(chart, words)
    below = lanes(chart, plot.times, _LANES, words)
    height = _LANES + below.height
    period = words.period.format(unit=chart.unit, start=minute(chart.start), end=minute(chart.end))
    parts = [
        element("text", period, class_="head", x=2, y=12),
        *(count_grid(plot.counts, words) if chart.counts or chart.levels else ()),
        stretched([*plot.paths(), *below.paths], height),
        *plot.newest(),
        *label_texts(list(plot.labels()), TOP + 10, BOTTOM - 2),
        *time_labels(plot.times, BOTTOM + 14),
        *below.texts,
    ]
    return picture(chart.title, summary(chart, words), parts, height)


def _plot(chart: OrderChart, words: ChartWords) -> _Plot:
    """Choose the axes: a floor that would take more than half of the height is drawn below a break."""
    found = [step.levels for step in chart.levels if step.levels is not None]
    seen = [count for _, count in chart.counts] + [levels.line for levels in found]
    seen += [levels.opens for levels in found if levels.opens is not None]
    low, high = min(seen, default=0), max(seen, default=1)
    floor = min((levels.floor for levels in found), default=low)
    broken = low - floor > high - low
    low = low if broken else min(low, floor)
    room = max((high - low) // 12, 1)
    counts = CountAxis(low - room, high + room, TOP, BOTTOM - _BREAK if broken else BOTTOM)
    return _Plot(chart, TimeAxis(chart.start, chart.end), counts, broken, words)
