"""A chart as a file of its own, with its style sheet in it."""

import re
from importlib.resources import files

from markupsafe import Markup

from refilld.charts.frame import SVG
from refilld.charts.markup import element

WIDTH, MARGIN, TITLE, LABELS = 800, 16, 28, 216
"""Pixels of the chart, around it, for its title, and for the labels at its right."""
_ALONE = """.label.label { text-anchor: start; transform: translateX(10px) }
.page { fill: var(--chart-back) }
.chart .name { font-size: 15px; font-weight: 600 }"""
_HEIGHT = re.compile(r' height="(\d+)"')


def style_sheet() -> str:
    """The style sheet of all charts."""
    return files("refilld.charts").joinpath("static/chart.css").read_text(encoding="utf-8")


def svg_file(chart: Markup, title: str) -> str:
    """The text of an SVG file with a visible title; the colours follow the reader's choice."""
    height = max(map(int, _HEIGHT.findall(chart)))
    parts = [
        Markup("<style>{}</style>").format(style_sheet() + _ALONE),
        element("rect", class_="page", width="100%", height="100%"),
        element("text", title, class_="name", x=MARGIN, y=MARGIN + 10),
        element("svg", [chart], x=MARGIN, y=MARGIN + TITLE, width=WIDTH, height=height),
    ]
    whole = f"0 0 {WIDTH + 2 * MARGIN + LABELS} {height + 2 * MARGIN + TITLE}"
    return f"{element('svg', parts, class_='chart', xmlns=SVG, view_box=whole)}\n"
