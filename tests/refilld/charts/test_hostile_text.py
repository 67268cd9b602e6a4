"""Names and texts from outside: escaped, shortened, and never part of the markup."""

import json
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refilld.charts.buyer_chart import buyer_chart
from refilld.charts.chart_data import chart_data
from refilld.charts.key_points import key_points
from refilld.charts.order_svg import order_svg
from refilld.charts.retention_chart import RetentionChart, ShareCurve, SharePoint
from refilld.charts.retention_svg import retention_svg
from refilld.charts.svg_file import svg_file
from tests.refilld.charts.chart_values import a_full_chart, parsed

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '" onload="alert(1)',
            "]]><!--&amp;&#0;",
            "\x00\x1b[2J\ud800\uffff",
            "\u202eevil\u2066",
            "w" * 10_000,
        ]
    ),
)
ALLOWED = {"svg", "title", "desc", "text", "path", "line", "circle", "rect", "style"}


def names(svg: str) -> tuple[set[str], set[str]]:
    """The names of all elements and attributes."""
    found = list(parsed(svg).iter())
    return {one.tag.rpartition("}")[2] for one in found}, {key for one in found for key in one.attrib}


def retention(text: str) -> str:
    return retention_svg(RetentionChart(text, [ShareCurve(text, [SharePoint(0, 1), SharePoint(30, 0.8)])]))


DRAWN: list[Callable[[str], str]] = [
    lambda text: order_svg(a_full_chart(text, looks=5)),
    lambda text: svg_file(order_svg(a_full_chart(text, looks=5)), text),
    retention,
]


@pytest.mark.parametrize("drawn", DRAWN)
@settings(deadline=None, max_examples=30)
@given(HOSTILE)
def test_a_chart_is_xml_without_script_whatever_the_names(drawn: Callable[[str], str], text: str) -> None:
    """No element, attribute, control character or mark of direction comes from a text."""
    svg = drawn(text)
    elements, attributes = names(svg)
    assert elements <= ALLOWED
    assert not {name for name in attributes if name.startswith("on") or name in {"style", "href"}}
    assert not set("\u202e\u2066\x00\x1b\ud800\uffff") & set(svg)


def test_a_text_of_10_kb_is_cut() -> None:
    longest = max(len(one.text or "") for one in parsed(order_svg(a_full_chart("w" * 10_000))).iter())
    assert longest <= 1_000


@settings(deadline=None, max_examples=30)
@given(HOSTILE)
def test_rows_and_data_have_short_texts_without_control_characters(text: str) -> None:
    chart = a_full_chart(text, looks=5)
    found = [point.what for point in key_points(chart)]
    found += [mark["text"] for mark in json.loads(json.dumps(chart_data(chart)))["marks"]]
    assert max(map(len, found)) <= 160
    assert not set("\u202e\u2066\x00\x1b\ud800\uffff") & set("".join(found))


def test_the_buyer_sees_no_text_of_the_operator() -> None:
    """Neither in the picture, nor in the rows, nor in the data."""
    chart = buyer_chart(a_full_chart("panel SECRET"), "Your order")
    chart = type(chart)(**{name: getattr(chart, name) for name in chart.__slots__} | {"unit": "likes"})
    everything = order_svg(chart) + str(key_points(chart)) + json.dumps(chart_data(chart))
    assert "SECRET" not in everything


def test_markup_in_a_name_is_shown_as_it_is_written() -> None:
    svg = retention("<b>bold</b>")
    assert "&lt;b&gt;bold&lt;/b&gt;" in svg
    assert ET.fromstring(svg).findtext("{http://www.w3.org/2000/svg}title") == "<b>bold</b>"
