"""Times and ages in words."""

from datetime import timedelta

import pytest

from monitor.model.time_words import age, minute, second, spoken
from tests.builders import NOW


def test_times_are_written_to_the_minute_or_to_the_second() -> None:
    """Rounded down; the text around them says that they are UTC."""
    at = NOW + timedelta(seconds=59, microseconds=999_999)
    assert minute(at) == f"{NOW:%Y-%m-%d %H:%M}"
    assert second(at) == f"{NOW:%Y-%m-%d %H:%M}:59"


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (timedelta(seconds=-1), "0m"),
        (timedelta(minutes=1, seconds=59), "1m"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=2), "2h"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=3, hours=23), "3d"),
    ],
)
def test_an_age_is_in_the_largest_unit_of_which_it_has_two(duration: timedelta, shown: str) -> None:
    """Rounded down."""
    assert age(duration) == shown


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (timedelta(0), "a minute"),
        (timedelta(seconds=59), "a minute"),
        (timedelta(minutes=12), "12 minutes"),
        (timedelta(minutes=61), "61 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=5, minutes=30), "5.5 hours"),
        (timedelta(hours=133), "5.5 days"),
        (timedelta(days=36500), "36,500 days"),
    ],
)
def test_durations_have_two_significant_digits(duration: timedelta, shown: str) -> None:
    """The forecast is not more precise."""
    assert spoken(duration) == shown
