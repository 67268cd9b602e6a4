"""The chart of retention: up to five curves that are told apart without colour."""

import re

import pytest

from refilld.charts.retention_chart import RetentionChart, ShareCurve, SharePoint, share_rows
from refilld.charts.retention_svg import BOTTOM, TOP, retention_svg
from refilld.charts.svg_file import style_sheet
from tests.refilld.charts.chart_values import described, paths, texts


def a_curve(name: str = "acme", end: float = 0.8, days: int = 30, *, band: bool = True) -> ShareCurve:
    points = [SharePoint(0, 1.0, 1.0, 1.0), SharePoint(days, end, end - 0.05, end + 0.05)]
    bare = [SharePoint(point.days, point.share) for point in points]
    return ShareCurve(name, points if band else bare)


def drawn(*curves: ShareCurve) -> str:
    return retention_svg(RetentionChart("Retention", curves))


def test_a_curve_has_a_step_line_a_band_and_its_name_with_the_newest_share() -> None:
    svg = drawn(a_curve())
    a_third_up = BOTTOM - (BOTTOM - TOP) // 3 - 1  # 80 % on a scale from 70 %
    assert paths(svg, "share") == [f"M0 {TOP}h0H800V{a_third_up}"]
    assert len(paths(svg, "area")) == 1
    assert "● acme 80.0\u00a0%" in texts(svg)


def test_a_curve_without_a_band_has_none() -> None:
    assert paths(drawn(a_curve(band=False)), "area") == []


def test_five_curves_have_five_signs_and_five_dashes() -> None:
    svg = drawn(*(a_curve(f"provider {n}", 0.5 + n / 20) for n in range(5)))
    signs = [text[0] for text in texts(svg) if "provider" in text]
    assert len(set(signs)) == 5
    dashes = [re.search(rf"path.curve{n}[^}}]*dasharray: ([\d ]+)", style_sheet()) for n in range(5)]
    assert len({found and found[1] for found in dashes}) == 5


def test_a_sixth_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 5 curves, not 6"):
        drawn(*[a_curve()] * 6)


@pytest.mark.parametrize("end", [0.0, 0.001, 0.5, 0.999, 1.0])
def test_every_share_is_drawn_within_the_plot(end: float) -> None:
    """Also a band that reaches over 100 % or below 0."""
    for path in paths(drawn(a_curve(end=end)), "curve0"):
        assert all(TOP <= int(y) <= BOTTOM for y in re.findall(r"V(-?\d+)", path))


def test_too_few_orders_are_said_in_words() -> None:
    assert "too few orders yet" in texts(drawn())
    assert "too few orders yet" in texts(drawn(ShareCurve("empty", [])))


def test_the_rows_beside_the_chart_have_the_share_that_holds_at_an_age() -> None:
    """A curve that ends before has no row: it is not continued."""
    rows = share_rows(RetentionChart("Retention", [a_curve(days=30), a_curve("late", days=60)]))
    assert [(row.name, row.point.days, row.point.share) for row in rows] == [
        ("acme", 7, 1.0),
        ("acme", 30, 0.8),
        ("late", 7, 1.0),
        ("late", 30, 1.0),
        ("late", 60, 0.8),
    ]
    assert "acme: 80.0\u00a0%, 30 days" in described(drawn(a_curve()))
