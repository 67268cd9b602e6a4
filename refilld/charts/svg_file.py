"""A chart as a file of its own, with its style sheet in it."""

import re
from importlib.resources import files

from markupsafe import Markup

from refilld.charts.frame import SVG
from refilld.charts.markup import element

WIDTH, MARGIN, LABELS = 800, 16, 216
"""Pixels of the chart, around it, and for the labels at its right."""
_ALONE = ".label.label { text-anchor: start; transform: translateX(10px) } .page { fill: var(--chart-back) }"
_HEIGHT = re.compile(r' height="(\d+)"')


def style_sheet() -> str:
    """The style sheet of all charts."""
    return files("refilld.charts").joinpath("static/chart.css").read_text(encoding="utf-8")


def svg_file(chart: Markup) -> str:
    """The text of an SVG file; the colours follow the reader's choice of light or dark."""
    height = max(map(int, _HEIGHT.findall(chart)))
    parts = [
        Markup("<style>{}</style>").format(style_sheet() + _ALONE),
        element("rect", class_="page", width="100%", height="100%"),
        element("svg", [chart], class_="chart", x=MARGIN, y=MARGIN, width=WIDTH, height=height),
    ]
    whole = f"0 0 {WIDTH + 2 * MARGIN + LABELS} {height + 2 * MARGIN}"
    return f"{element('svg', parts, xmlns=SVG, view_box=whole)}\n"
