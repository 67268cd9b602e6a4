"""Lanes below an order's chart: when something lasted, and when something happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from monitor.model.time_words import minute
from refilld.charts.axes import TimeAxis
from refilld.charts.markup import element, shortened
from refilld.charts.order_chart import BandKind, ChartBand, ChartMark, MarkKind, OrderChart
from refilld.charts.paths import band_path
from refilld.charts.words import ChartWords

HEIGHT = 34
"""Pixels of one lane."""
_SLOTS = 30
"""Places of marks in a lane; marks of one kind in one place are drawn as one."""
_TOLD = 80
"""Characters of the text of a mark, at most."""
_RULES = 12
"""Vertical rules of one kind, at most: more of them would hide the counts."""
_GLYPHS = {
    MarkKind.DELIVERED: "■",
    MarkKind.DROP: "▼",
    MarkKind.DECISION: "◆",
    MarkKind.QUEUED: "○",
    MarkKind.COMPLETED: "●",
    MarkKind.FLAG: "⚑",
}
_SHAPES = {
    MarkKind.DELIVERED: "M-4-4h8v8h-8z",
    MarkKind.DROP: "M-5-4h10l-5 9z",
    MarkKind.DECISION: "M0-5l5 5-5 5-5-5z",
    MarkKind.QUEUED: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    MarkKind.COMPLETED: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    MarkKind.FLAG: "M-3 6v-11h8l-2 3 2 3h-7v5z",
}


@dataclass(frozen=True, slots=True)
class _Lane:
    bands: tuple[BandKind, ...] = ()
    marks: tuple[MarkKind, ...] = ()


_LANES = (
    _Lane(bands=(BandKind.GUARANTEE,)),
    _Lane(bands=(BandKind.PRIVATE, BandKind.UNREAD)),
    _Lane(bands=(BandKind.MASS_DROP,)),
    _Lane(bands=(BandKind.DROP,), marks=(MarkKind.DROP,)),
    _Lane(marks=(MarkKind.DECISION,)),
    _Lane(marks=(MarkKind.DELIVERED, MarkKind.QUEUED, MarkKind.COMPLETED)),
    _Lane(marks=(MarkKind.FLAG,)),
)


@dataclass(frozen=True, slots=True)
class Lanes:
    """The drawn lanes: paths in columns, the rest in pixels, and the height of all."""

    paths: list[Markup]
    texts: list[Markup]
    height: int


def lanes(chart: OrderChart, times: TimeAxis, top: int, words: ChartWords) -> Lanes:
    """Draw a lane for each group of bands and marks that the chart has."""
    drawn = Lanes([], [], 0)
    for lane in _LANES:
        bands = [band for band in chart.bands if band.kind in lane.bands]
        marks = [mark for mark in chart.marks if mark.kind in lane.marks]
        if bands or marks:
            y = top + drawn.height
            drawn.paths.extend(_bars(bands, times, y))
            drawn.texts.append(element("line", class_="grid", x2="100%", y1=y, y2=y))
            drawn.texts.append(_label(bands, marks, y, words))
            drawn.texts.extend(_marks(marks, times, y, words))
            drawn = Lanes(drawn.paths, drawn.texts, drawn.height + HEIGHT)
    return drawn


def _bars(bands: Sequence[ChartBand], times: TimeAxis, y: int) -> Iterator[Markup]:
    for kind in dict.fromkeys(band.kind for band in bands):
        path = band_path((band for band in bands if band.kind is kind), times, y + 19, 8)
        yield element("path", class_=f"bar {_class(kind)}", d=path)


def _class(kind: BandKind) -> str:
    return kind.replace("_", "-")


def _label(bands: Sequence[ChartBand], marks: Sequence[ChartMark], y: int, words: ChartWords) -> Markup:
    """The meaning of what is in a lane."""
    found_marks, found_bands = {mark.kind for mark in marks}, {band.kind for band in bands}
    named = [f"{_GLYPHS[kind]} {words.marks[kind]}" for kind in MarkKind if kind in found_marks]
    named += [f"▬ {words.bands[kind]}" for kind in BandKind if kind in found_bands]
    return element("text", "   ".join(named), class_="lane", x=2, y=y + 13)


def _marks(marks: Sequence[ChartMark], times: TimeAxis, y: int, words: ChartWords) -> Iterator[Markup]:
    places: dict[tuple[MarkKind, int], list[ChartMark]] = {}
    for mark in marks:
        slot = times.column(mark.at) * _SLOTS // (times.columns + 1)
        places.setdefault((mark.kind, slot), []).append(mark)
    for (kind, _), found in places.items():
        parts = [element("title", _told(found, words)), element("path", d=_SHAPES[kind])]
        yield element("svg", parts, class_=f"mark {kind}", x=times.percent(found[-1].at), y=y + 23)


def _told(found: Sequence[ChartMark], words: ChartWords) -> str:
    """The text that is shown over a mark."""
    last = found[-1]
    what = shortened(f"{minute(last.at)}: {last.text or words.marks[last.kind]}", _TOLD)
    return what if len(found) == 1 else words.several.format(number=len(found), what=what)


def shades(chart: OrderChart, times: TimeAxis, top: int, height: int) -> Iterator[Markup]:
    """Times over the whole plot in which counts mean less than usual, and moments that changed them."""
    for kind in (BandKind.MASS_DROP, BandKind.PRIVATE, BandKind.UNREAD):
        bands = [band for band in chart.bands if band.kind is kind and times.wide(band.start, band.end)]
        if bands:
            yield element("path", class_=f"shade {_class(kind)}", d=band_path(bands, times, top, height))
    for mark_kind in (MarkKind.DROP, MarkKind.COMPLETED):
        columns = {times.column(mark.at) for mark in chart.marks if mark.kind is mark_kind}
        if 0 < len(columns) <= _RULES:
            path = "".join(f"M{column} {top}v{height}" for column in sorted(columns))
            yield element("path", class_=f"rule {mark_kind}", d=path)
