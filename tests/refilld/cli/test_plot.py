"""The plot: its width, its colours, and the counts it shows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refilld.charts.levels import Levels
from refilld.cli.plot import MARKS, Curve, drawn

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def curve(*counts: int, levels: Levels | None = None, **marks: str) -> Curve:
    """Hourly counts, the same levels all the time, and marks like `h3="x"`."""
    points = [(START + hour * HOUR, count) for hour, count in enumerate(counts)]
    marked = {START + int(hour[1:]) * HOUR: mark for hour, mark in marks.items()}
    return Curve(points, lambda _: levels, marked)


def plot(given: Curve, width: int = 80, height: int = 12) -> list[str]:
    return drawn(given, width, height, colours=False)


def picture(lines: list[str]) -> list[str]:
    """The rows of the picture only, from the top, without their labels."""
    return [line.partition("│")[2] for line in lines if "│" in line]


def rows_with_dots(lines: list[str]) -> set[int]:
    return {number for number, row in enumerate(picture(lines)) if row.strip()}


LEVELS = (
    st.lists(st.integers(0, 10**12), min_size=3, max_size=3)
    .map(sorted)
    .flatmap(
        lambda found: st.builds(Levels, st.just(found[2]), st.just(found[1]) | st.none(), st.just(found[0]))
    )
)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=60),
    st.none() | LEVELS,
    st.sampled_from([40, 41, 80, 120]),
)
def test_a_plot_fits_its_width(counts: list[int], levels: Levels | None, width: int) -> None:
    """For any counts."""
    lines = plot(curve(*counts, levels=levels), width)
    assert max(map(len, lines)) <= width
    assert "\x1b" not in "".join(lines)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5), st.integers(1, 30), st.integers(3, 40))
def test_any_size_and_any_count_can_be_drawn(counts: list[int], width: int, height: int) -> None:
    """The picture has the given number of rows."""
    assert len(picture(plot(curve(*counts), width, height))) == height


def test_without_a_count_there_is_one_line_that_says_so() -> None:
    assert plot(curve()) == ["no count yet, so there is nothing to draw"]


@pytest.mark.parametrize("counts", [(5000,), (5000, 5000, 5000)])
def test_one_count_or_equal_counts_are_one_flat_row(counts: tuple[int, ...]) -> None:
    """Labelled with the count."""
    lines = plot(curve(*counts))
    (row,) = rows_with_dots(lines)
    assert lines[row].startswith("now 5,000 │")


def test_a_short_dip_among_many_looks_stays_visible() -> None:
    """One low count among fifty thousand is in the bottom row."""
    counts = [10**12] * 50_000
    counts[31_007] = 10**12 - 500
    lines = plot(curve(*counts))
    assert rows_with_dots(lines) == set(range(12))
    assert lines[11].lstrip().startswith("999,999,999,500 │")


def test_the_levels_are_drawn_with_their_numbers() -> None:
    """Each at the height of its count."""
    lines = plot(curve(1900, 1990, levels=Levels(line=2000, opens=1950, floor=1900)), height=21)
    labels = {line.partition(" │")[0].strip(): row for row, line in enumerate(lines) if "│" in line}
    assert (labels["line 2,000"], labels["drop 1,950"], labels["floor 1,900"]) == (0, 10, 20)
    legend = " ".join(lines[-3:])
    assert "line 2,000" in legend
    assert "a drop opens at 1,950" in legend
    assert "floor 1,900" in legend


def test_a_floor_far_below_does_not_flatten_the_picture() -> None:
    """It is below a break of the scale."""
    lines = plot(curve(1_000_000, 990_000, levels=Levels(1_000_000, 990_000, 10_000)))
    assert lines[11].lstrip().startswith("floor 10,000 │")
    assert picture(lines)[10].strip().startswith("~")
    assert {0, 9} <= rows_with_dots(lines)


def test_while_the_order_was_not_judged_no_line_is_drawn() -> None:
    """The legend gives the reason."""
    assert plot(curve(1, 2))[-1] == "no line: the order was not judged in this time"


def test_events_are_marked_on_the_time_axis() -> None:
    """A suspected drop has priority over a failed look; the legend explains only the shown marks."""
    lines = plot(curve(1, 2, 3, 4, 5, h2="x", h4="!"))
    (axis,) = [line for line in lines if "└" in line]
    assert [sign for sign in axis if sign in MARKS] == ["x", "!"]
    assert axis.endswith("!")
    legend = "\n".join(lines[-2:])
    assert "! drop suspected" in legend
    assert "+" not in legend


def test_the_dates_are_those_of_the_first_and_the_last_moment() -> None:
    """A mark after the last look extends the axis."""
    lines = plot(curve(*range(24 * 10), h480="+"))
    assert "2026-03-01" in lines[13]
    assert lines[13].endswith("2026-03-21")


def test_colours_are_used_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR disables them."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in "".join(drawn(curve(1, 2), 80, 12, colours=True))
    assert "\x1b" not in "".join(drawn(curve(1, 2), 80, 12, colours=False))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(drawn(curve(1, 2), 80, 12, colours=True))
