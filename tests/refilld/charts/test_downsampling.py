"""Downsampling: fewer points, with the same extremes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from refilld.charts.downsampling import Point, downsampled

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POINTS = st.lists(
    st.tuples(st.integers(0, 999).map(lambda minute: START + minute * MINUTE), st.integers(0, 10**12)),
    unique_by=lambda point: point[0],
).map(sorted)


ENDS = [START + column * 100 * MINUTE for column in range(1, 11)]


def column(at: datetime) -> int:
    return (at - START) // (100 * MINUTE)


@given(POINTS)
def test_the_lowest_and_the_highest_of_every_column_survive(points: list[Point]) -> None:
    """A short dip stays visible among any number of looks."""
    kept = list(downsampled(points, ENDS))
    for place in range(10):
        before = [count for at, count in points if column(at) == place]
        after = [count for at, count in kept if column(at) == place]
        assert (min(after, default=0), max(after, default=0)) == (
            min(before, default=0),
            max(before, default=0),
        )


@given(POINTS)
def test_the_result_is_a_subset_in_order_of_time(points: list[Point]) -> None:
    """At most four points per column, including the first and the last of all."""
    kept = list(downsampled(points, ENDS))
    assert set(kept) <= set(points)
    assert kept == sorted(kept, key=lambda point: point[0])
    assert all(sum(column(at) == place for at, _ in kept) <= 4 for place in range(10))
    assert (kept[:1], kept[-1:]) == (points[:1], points[-1:])
