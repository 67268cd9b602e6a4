"""Paths: steps between looks, gaps where a look failed, and rectangles of bands."""

from refilld.charts.axes import CountAxis, TimeAxis
from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, ChartBand, LevelStep
from refilld.charts.paths import area_path, band_path, count_paths, level_path, share_path
from tests.builders import DAY, HOUR, START
from tests.refilld.charts.chart_values import a_chart

TIMES = TimeAxis(START, START + 10 * DAY, columns=10)
COUNTS = CountAxis(low=0, high=100, top=0, bottom=100)


def drawn(counts: dict[int, int], *failed: int) -> tuple[str, str]:
    """The paths of counts on days, with looks that failed on others."""
    chart = a_chart(
        counts=[(START + day * DAY, count) for day, count in counts.items()],
        failed=[START + day * DAY for day in failed],
    )
    return count_paths(chart, TIMES, COUNTS)


def band(start: float, end: float) -> ChartBand:
    return ChartBand(BandKind.UNREAD, START + start * DAY, START + end * DAY)


def test_a_count_holds_until_the_next_look() -> None:
    """A step, not a slope: nobody knows when in between it changed."""
    assert drawn({0: 100, 3: 90, 5: 90, 9: 70}) == ("M0 0H3V10H5H9V30", "")


def test_the_line_breaks_where_a_look_failed() -> None:
    """Nothing is drawn between the counts around it."""
    assert drawn({0: 100, 1: 90, 4: 90, 5: 80}, 2, 3) == ("M0 0H1V10M4 10H5V20", "")


def test_a_count_between_failed_looks_stands_alone() -> None:
    assert drawn({0: 100, 1: 90, 5: 80}, 3, 6) == ("M0 0H1V10", "M5 20h0")


def test_failed_looks_before_and_after_all_counts_break_nothing() -> None:
    assert drawn({3: 50, 4: 50}, 1, 2, 5) == ("M3 50H4", "")


def test_all_counts_of_one_column_are_one_vertical_line() -> None:
    """Also with a failed look among them, which is narrower than a pixel."""
    chart = a_chart(
        counts=[(START + hour * HOUR, count) for hour, count in enumerate((50, 10, 90, 60))],
        failed=[START + HOUR / 2],
    )
    assert count_paths(chart, TIMES, COUNTS) == ("M0 50V90V10V40", "")


def test_a_level_is_drawn_where_it_exists() -> None:
    steps = [
        LevelStep(START, None),
        LevelStep(START + DAY, Levels(80, None, 0)),
        LevelStep(START + 3 * DAY, Levels(60, None, 0)),
        LevelStep(START + 5 * DAY, None),
        LevelStep(START + 7 * DAY, Levels(70, None, 0)),
    ]
    assert level_path(steps, TIMES, lambda levels: COUNTS.y(levels.line), 10) == "M1 20H3V40H5M7 30H10"
    assert level_path(steps, TIMES, lambda levels: levels.opens, 10) == ""


def test_bands_that_touch_are_one_rectangle_and_a_moment_is_one_column_wide() -> None:
    found = band_path([band(1, 3), band(3, 4), band(2, 2.5), band(6, 6)], TIMES, 5, 8)
    assert found == "M1 5h3v8h-3zM6 5h1v8h-1z"
    assert band_path([], TIMES, 5, 8) == ""


def test_an_area_lies_between_two_step_lines() -> None:
    low, high = [(0, 9), (5, 7), (8, 6)], [(0, 3), (5, 2), (8, 1)]
    assert share_path(high) == "M0 3h0H5V2H8V1"
    assert area_path(low, high) == "M0 3h0H5V2H8V1V6V7H5V9H0z"
    assert area_path([], []) == share_path([]) == ""
