"""The files for the browser: small, unchanged, and clean under a strict Content-Security-Policy."""

import hashlib
import re
from importlib.resources import files

import pytest

from refilld.charts.order_chart import BandKind, MarkKind
from refilld.charts.order_svg import order_svg
from refilld.charts.svg_file import style_sheet, svg_file
from tests.refilld.charts.chart_values import SVG, a_full_chart, parsed

STATIC = files("refilld.charts").joinpath("static")
README = STATIC.joinpath("uplot/README.md").read_text(encoding="utf-8")
SCRIPT = STATIC.joinpath("chart.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "digest"), re.findall(r"(?m)^\| `(.+)` \| `(\w{64})` \|$", README))
def test_a_copied_file_is_the_published_one(name: str, digest: str) -> None:
    assert hashlib.sha256(STATIC.joinpath("uplot", name).read_bytes()).hexdigest() == digest


def test_the_copied_library_has_its_licence() -> None:
    assert "The MIT License" in STATIC.joinpath("uplot/LICENSE").read_text(encoding="utf-8")
    assert len(re.findall(r"\w{64}", README)) >= 2


def test_the_style_sheet_is_below_3_kb_and_loads_nothing() -> None:
    assert len(style_sheet().encode()) < 3_000
    assert not re.search(r"url\(|@import", style_sheet())


def test_every_kind_of_band_and_mark_has_a_colour() -> None:
    for kind in [*BandKind, *MarkKind]:
        assert re.search(rf"\.{kind.replace('_', '-')}\b", style_sheet()), kind


@pytest.mark.parametrize(
    "forbidden", ["eval", "Function", "innerHTML", "outerHTML", "insertAdjacent", "http"]
)
def test_the_script_makes_no_code_or_markup_from_text(forbidden: str) -> None:
    assert not re.search(rf"\b{forbidden}\b", SCRIPT)


def test_an_svg_file_has_its_title_its_style_sheet_and_one_size() -> None:
    """So that it needs no other file, and every viewer scales it."""
    root = parsed(svg_file(order_svg(a_full_chart()), "Order 1"))
    assert root.findtext(f"{SVG}text") == "Order 1"
    assert root[0].text is not None
    assert style_sheet() in root[0].text
    assert root.get("viewBox") == "0 0 1048 580"
