"""The chart of the standard order, and ways to read a drawn chart."""

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, ChartBand, ChartMark, LevelStep, MarkKind, OrderChart
from tests.builders import DAY, HOUR, START

SVG = "{http://www.w3.org/2000/svg}"
LEVELS = Levels(line=2000, opens=1950, floor=1000)
STEP = timedelta(minutes=5)


def a_chart(*counts: int, **changes: Any) -> OrderChart:
    """Give a chart of ten days with hourly counts."""
    standard: dict[str, Any] = {
        "title": "Order 1",
        "unit": "followers",
        "start": START,
        "end": START + 10 * DAY,
        "counts": [(START + hour * HOUR, count) for hour, count in enumerate(counts)],
    }
    return OrderChart(**standard | changes)


def a_full_chart(text: str = "it happened", looks: int = 200) -> OrderChart:
    """Give a chart with levels and with every kind of band and mark, each with a text."""
    end = START + looks * STEP
    return OrderChart(
        title=text,
        unit=text,
        start=START,
        end=end,
        counts=[(START + n * STEP, 2000 - n * 37 % 101) for n in range(looks) if n % 40],
        failed=[START + n * STEP for n in range(looks) if not n % 40],
        levels=[LevelStep(START, LEVELS)],
        bands=[ChartBand(kind, START + STEP, end - STEP) for kind in BandKind],
        marks=[
            ChartMark(kind, START + (end - START) * n / 300, text, 1900, 100)
            for kind in MarkKind
            for n in range(300)
        ],
    )


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def texts(svg: str) -> list[str]:
    """The visible texts."""
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def paths(svg: str, class_: str) -> list[str]:
    """The paths of a class."""
    found = parsed(svg).iter(f"{SVG}path")
    return [path.get("d", "") for path in found if class_ in path.get("class", "").split()]


def described(svg: str) -> str:
    return parsed(svg).findtext(f"{SVG}desc") or ""
