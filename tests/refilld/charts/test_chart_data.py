"""The data for the script in the browser."""

import json

from refilld.charts.buyer_chart import buyer_chart
from refilld.charts.chart_data import COLUMNS, chart_data
from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, LevelStep, MarkKind
from tests.builders import DAY, HOUR, START
from tests.refilld.charts.chart_values import LEVELS, a_chart, a_full_chart

BEGAN = START.timestamp()


def test_a_gap_is_a_null_between_two_counts() -> None:
    data = chart_data(a_chart(7, 8, failed=[START + HOUR / 4]))
    assert data["counts"] == [[BEGAN, BEGAN + 1800, BEGAN + 3600], [7, None, 8]]


def test_the_levels_end_with_the_chart() -> None:
    steps = [LevelStep(START, LEVELS), LevelStep(START + DAY, Levels(10, None, 5))]
    times, lines, opens, floors = chart_data(a_chart(levels=steps))["levels"]
    assert times == [BEGAN, BEGAN + 86_400, BEGAN + 864_000]
    assert (lines, opens, floors) == ([2000, 10, 10], [1950, None, None], [1000, 5, 5])


def test_the_data_of_50000_looks_are_few_and_keep_the_largest_counts() -> None:
    """A zoomed chart asks for its part again."""
    chart = a_full_chart(looks=50_000)
    data = json.loads(json.dumps(chart_data(chart)))
    counts = [count for count in data["counts"][1] if count is not None]
    assert len(counts) <= 4 * COLUMNS
    assert (min(counts), max(counts)) == (1900, 2000)
    assert json.loads(json.dumps(chart_data(a_chart(2**53))))["counts"][1] == [2**53]


def test_an_empty_chart_has_data() -> None:
    data = chart_data(a_chart())
    assert (data["counts"], data["levels"], data["marks"]) == ([[], []], [[], [], [], []], [])


def test_the_buyer_gets_no_threshold_no_decision_no_flag_and_no_mass_drop() -> None:
    data = chart_data(buyer_chart(a_full_chart(), "Your order"))
    assert set(data["levels"][2]) == {None}
    assert {mark["kind"] for mark in data["marks"]} <= {
        MarkKind.DELIVERED,
        MarkKind.DROP,
        MarkKind.QUEUED,
        MarkKind.COMPLETED,
    }
    assert BandKind.MASS_DROP not in {band["kind"] for band in data["bands"]}
    assert data["title"] == "Your order"
