"""Ticks: round numbers and round times."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refilld.charts.ticks import count_ticks, time_ticks
from tests.builders import DAY, HOUR, SECOND, START


@given(st.integers(0, 2**60), st.integers(0, 2**60), st.integers(2, 10))
def test_counts_are_round_and_few(low: int, span: int, most: int) -> None:
    """Multiples of 1, 2 or 5 times a power of ten, within the axis."""
    ticks = count_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert all(low <= tick <= low + span and tick % ticks.step == 0 for tick in ticks)
    assert str(ticks.step).rstrip("0") in {"1", "2", "5"}


@given(st.timedeltas(SECOND, timedelta(days=9000)), st.integers(2, 12))
def test_times_are_in_order_within_the_axis_and_few(span: timedelta, most: int) -> None:
    ticks = [at for at, _ in time_ticks(START, START + span, most)]
    assert len(ticks) <= most + 1
    assert ticks == sorted(set(ticks))
    assert all(START <= at <= START + span for at in ticks)


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (20 * SECOND, ["12:00:00", "12:00:05", "12:00:10", "12:00:15", "12:00:20"]),
        (HOUR, ["12:00", "12:15", "12:30", "12:45", "13:00"]),
        (DAY, ["12:00", "18:00", "03-02", "06:00", "12:00"]),
        (5 * DAY, ["03-02", "03-03", "03-04", "03-05", "03-06"]),
        (150 * DAY, ["2026-04", "2026-05", "2026-06", "2026-07"]),
        (900 * DAY, ["2026-07", "2027-01", "2027-07", "2028-01", "2028-07"]),
        (2000 * DAY, ["2027", "2028", "2029", "2030", "2031"]),
    ],
)
def test_times_are_labelled_by_their_distance(span: timedelta, labels: list[str]) -> None:
    assert [label for _, label in time_ticks(START, START + span, 6)] == labels


def test_a_moment_has_one_tick_at_most() -> None:
    assert time_ticks(START, START, 6) == [(START, "12:00:00")]
    assert time_ticks(START + SECOND / 3, START + SECOND / 2, 6) == []


def test_times_up_to_the_last_year_have_ticks() -> None:
    last = datetime.max.replace(tzinfo=START.tzinfo)
    assert time_ticks(START, last, 6)
