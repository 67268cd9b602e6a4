"""The table beside a chart: extremes, events and the ends of what lasted."""

from refilld.charts.key_points import MOST, KeyPoint, key_points
from refilld.charts.order_chart import BandKind, ChartBand, ChartMark, MarkKind
from tests.builders import DAY, HOUR, MINUTE, START
from tests.refilld.charts.chart_values import a_chart


def test_the_extremes_are_rows_and_one_count_may_be_several() -> None:
    assert key_points(a_chart(2000, 1700, 1900)) == (
        KeyPoint(START, "first count, highest count", 2000),
        KeyPoint(START + HOUR, "lowest count", 1700),
        KeyPoint(START + 2 * HOUR, "newest count", 1900),
    )
    assert [point.what for point in key_points(a_chart(5))] == [
        "first count, lowest count, highest count, newest count"
    ]
    assert key_points(a_chart()) == ()


def test_an_event_is_a_row_with_its_count_and_units() -> None:
    """Without a text it has the words of its kind."""
    marks = [
        ChartMark(MarkKind.DECISION, START, "decided: refill 300", 1700, 300),
        ChartMark(MarkKind.COMPLETED, START + DAY, units=300),
    ]
    assert key_points(a_chart(marks=marks)) == (
        KeyPoint(START, "decided: refill 300", 1700, 300),
        KeyPoint(START + DAY, "refill completed", None, 300),
    )


def test_a_band_has_a_row_for_each_end_within_the_chart() -> None:
    """A drop has none: its mark and its end by a decision are rows already."""
    bands = [
        ChartBand(BandKind.GUARANTEE, START, START + 30 * DAY),
        ChartBand(BandKind.PRIVATE, START + DAY, START + 2 * DAY),
        ChartBand(BandKind.DROP, START + DAY, START + 2 * DAY),
    ]
    assert [(point.at, point.what) for point in key_points(a_chart(bands=bands))] == [
        (START, "guarantee in force: begins"),
        (START + DAY, "profile private: begins"),
        (START + 2 * DAY, "profile private: ends"),
    ]


def test_the_newest_rows_are_kept() -> None:
    marks = [ChartMark(MarkKind.FLAG, START + n * MINUTE, f"{n}") for n in range(MOST + 5)]
    found = key_points(a_chart(marks=marks))
    assert (len(found), found[0].what, found[-1].what) == (MOST, "5", f"{MOST + 4}")
