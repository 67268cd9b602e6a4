"""What every chart has: the picture with its description, the grid, and the labels of its axes."""

from collections.abc import Iterable, Iterator

from markupsafe import Markup, escape

from refilld.charts.axes import COLUMNS, CountAxis, TimeAxis
from refilld.charts.markup import element, shortened
from refilld.charts.ticks import count_ticks, time_ticks
from refilld.charts.words import ChartWords

SVG = "http://www.w3.org/2000/svg"
_COUNT_TICKS = 6
_NARROW_TICKS = 6
"""Labels of the time axis that fit a telephone; those between them are hidden there."""
_DESCRIPTION = 1_000
"""Characters of a description, at most."""
_LEAST = 0.03
"""Share of the width that the middle of a label keeps from the edges."""


def picture(title: str, description: str, parts: Iterable[Markup], height: int) -> Markup:
    """The whole picture, as wide as its place; on a wide page the labels of lines are in its right margin."""
    named = [element("title", title), element("desc", [escape(shortened(description, _DESCRIPTION))])]
    return element(
        "svg", [*named, *parts], class_="chart labelled", role="img", width="100%", height=height, xmlns=SVG
    )


def stretched(parts: Iterable[Markup], height: int) -> Markup:
    """Lines in columns and pixels, which are stretched to the width of the picture."""
    return element(
        "svg", parts, width="100%", height=height, view_box=f"0 0 {COLUMNS} {height}", aspect="none"
    )


def horizontal(y: int, label: str) -> Iterator[Markup]:
    """A line of the grid with its label above."""
    yield element("line", class_="grid", x2="100%", y1=y, y2=y)
    yield element("text", label, class_="tick", x=2, y=y - 3)


def count_grid(counts: CountAxis, words: ChartWords) -> Iterator[Markup]:
    """Lines at round counts."""
    for count in count_ticks(max(counts.low, 0), counts.high, _COUNT_TICKS):
        yield from horizontal(counts.y(count), words.number(count))


def time_labels(times: TimeAxis, y: int) -> Iterator[Markup]:
    """Labels at round times."""
    ticks = time_ticks(times.start, times.end, 2 * _NARROW_TICKS)
    for number, (at, label) in enumerate(ticks):
        hidden = len(ticks) > _NARROW_TICKS and number % 2
        yield axis_label(times.column(at), label, y, wide_only=bool(hidden))


def axis_label(column: int, label: str, y: int, *, wide_only: bool = False) -> Markup:
    """A label below a column."""
    share = column / COLUMNS
    anchor = "start" if share < _LEAST else "end" if share > 1 - _LEAST else None
    class_ = "tick time wide" if wide_only else "tick time"
    return element("text", label, class_=class_, x=f"{100 * share:.4g}%", y=y, text_anchor=anchor)
