"""The chart of retention as SVG: a step line with its band for each curve, told apart by dashes and names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from refilld.charts.axes import COLUMNS, percent
from refilld.charts.frame import axis_label, horizontal, picture, stretched
from refilld.charts.labels import LineLabel, label_texts
from refilld.charts.markup import element, shortened
from refilld.charts.paths import area_path, share_path
from refilld.charts.retention_chart import RetentionChart, ShareCurve, SharePoint, share_rows
from refilld.charts.ticks import count_ticks
from refilld.charts.words import ENGLISH, ChartWords

TOP, BOTTOM, HEIGHT = 38, 280, 302
_LONGEST_NAME = 20
_GLYPHS = "●■▲◆▼"
_LEAST_RANGE = 10
"""Percentage points that the chart shows at least."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """Maps ages to columns, and shares to pixels from the top."""

    days: float
    low: int
    """The share at the bottom, in percent."""

    def place(self, days: float, share: float) -> tuple[int, int]:
        inside = min(max(100 * share, self.low), 100)
        y = BOTTOM - (inside - self.low) / (100 - self.low) * (BOTTOM - TOP)
        return round(days / self.days * COLUMNS), round(y)

    def line(self, curve: ShareCurve, of: Callable[[SharePoint], float | None]) -> list[tuple[int, int]]:
        """The places of a curve; empty if one of its points has no such share."""
        found = [(point.days, of(point)) for point in curve.points]
        places = [self.place(days, share) for days, share in found if share is not None]
        return places if len(places) == len(found) else []


def retention_svg(chart: RetentionChart, words: ChartWords = ENGLISH) -> Markup:
    """Draw the curves; the scale begins where the lowest of them ends, so that they can be compared."""
    points = [point for curve in chart.curves for point in curve.points]
    lowest = min((point.share if point.low is None else point.low for point in points), default=0.0)
    low = max(0, min(int(10 * lowest) * 10, 100 - _LEAST_RANGE))
    plane = _Plane(max((point.days for point in points), default=0) or 1, low)
    labels = [
        LineLabel(plane.place(0, curve.points[-1].share)[1], _named(curve, number, words), f"curve{number}")
        for number, curve in enumerate(chart.curves)
        if curve.points
    ]
    parts = [
        element("text", words.retention, class_="head", x=2, y=12),
        *(_grid(plane, words) if points else ()),
        stretched(_curves(chart, plane), HEIGHT),
        *_ends(chart, plane),
        *label_texts(labels, TOP + 10, BOTTOM - 2),
    ]
    if not points:
        parts.append(element("text", words.no_curve, class_="empty", x="50%", y=(TOP + BOTTOM) // 2))
    return picture(chart.title, _told(chart, words), parts, HEIGHT)


def _named(curve: ShareCurve, number: int, words: ChartWords) -> str:
    share = words.share(curve.points[-1].share)
    return f"{_GLYPHS[number]} {shortened(curve.name, _LONGEST_NAME)} {share}"


def _grid(plane: _Plane, words: ChartWords) -> Iterator[Markup]:
    for share in count_ticks(plane.low, 100, 6):
        yield from horizontal(plane.place(0, share / 100)[1], f"{share} %")
    for day in count_ticks(0, int(plane.days), 7):
        label = f"{day} {words.days}" if not day else str(day)
        yield axis_label(plane.place(day, 0)[0], label, BOTTOM + 14)


def _curves(chart: RetentionChart, plane: _Plane) -> Iterator[Markup]:
    for number, curve in enumerate(chart.curves):
        low, high = plane.line(curve, lambda point: point.low), plane.line(curve, lambda point: point.high)
        if low and high:
            yield element("path", class_=f"area curve{number}", d=area_path(low, high))
    for number, curve in enumerate(chart.curves):
        if curve.points:
            path = share_path(plane.line(curve, lambda point: point.share))
            yield element("path", class_=f"share curve{number}", d=path)


def _ends(chart: RetentionChart, plane: _Plane) -> Iterator[Markup]:
    """The sign of each curve at its end."""
    for number, curve in enumerate(chart.curves):
        if curve.points:
            x, y = plane.place(curve.points[-1].days, curve.points[-1].share)
            class_ = f"end curve{number}"
            yield element("text", _GLYPHS[number], class_=class_, x=percent(x / COLUMNS), y=y + 4)


def _told(chart: RetentionChart, words: ChartWords) -> str:
    """The shares in words."""
    found = [
        f"{row.name}: {words.share(row.point.share)}, {row.point.days:g} {words.days}"
        for row in share_rows(chart)
    ]
    return f"{words.retention}. {'; '.join(found)}"
