"""The policy of retention: for how many days every look is kept."""

from datetime import timedelta

import pytest

from monitor.retention.policy import Retention, whole_days
from tests.builders import DAY, HOUR, SECOND


@pytest.mark.parametrize(
    ("windows", "days"),
    [([], 90), ([30 * DAY], 120), ([30 * DAY, 60 * DAY, 30 * DAY], 150), ([30 * DAY, None], 90 + 365)],
)
def test_looks_are_kept_for_the_longest_guarantee_and_90_days(
    windows: list[timedelta | None], days: int
) -> None:
    """A guarantee without an end counts as 365 days."""
    assert Retention().full_days(windows) == days


def test_a_guarantee_longer_than_a_year_is_not_shortened_by_one_without_an_end() -> None:
    assert Retention(snapshots_full=DAY).full_days([None, 400 * DAY]) == 401


def test_looks_that_are_never_thinned_have_no_limit() -> None:
    assert Retention(snapshots_full=None).full_days([30 * DAY]) is None


@pytest.mark.parametrize(("kept", "days"), [(DAY, 1), (DAY + SECOND, 2), (36 * HOUR, 2), (365 * DAY, 365)])
def test_a_duration_is_rounded_up_to_whole_days(kept: timedelta, days: int) -> None:
    assert whole_days(kept) == days
