"""Digests: once a day or a week, also on the days on which the clock changes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.digests import parse_digest
from monitor.errors import BadInputError
from tests.builders import utc

MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ("daily 08:00", "2026-01-10T06:59", "2026-01-10T07:00"),
        ("daily 08:00", "2026-01-10T07:00", "2026-01-11T07:00"),
        ("daily 00:30", "2026-01-10T23:00", "2026-01-10T23:30"),
        ("weekly mon 08:00", "2026-01-10T12:00", "2026-01-12T07:00"),
        ("weekly mon 08:00", "2026-01-12T07:00", "2026-01-19T07:00"),
        ("weekly mon 08:00", "2026-03-27T12:00", "2026-03-30T06:00"),
        ("daily 02:30", "2026-03-29T00:00", "2026-03-29T01:30"),
        ("daily 02:30", "2026-10-25T00:30", "2026-10-26T01:30"),
    ],
)
def test_the_next_digest_is_the_first_after_now(schedule: str, now: str, due: str) -> None:
    """In the time zone of the receiver; a time that comes twice counts once."""
    assert parse_digest(schedule, MADRID).next_after(utc(now)) == utc(due)


@pytest.mark.parametrize(("text", "days"), [("daily 08:00", 1), ("weekly sun 23:59", 7)])
def test_a_digest_covers_the_time_since_the_last_one(text: str, days: int) -> None:
    """A day or a week."""
    assert parse_digest(text, MADRID).period == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "08:00", "daily", "daily 8:00", "weekly 08:00", "weekly monday 08:00"])
def test_what_is_not_a_schedule_is_refused(text: str) -> None:
    """With two examples."""
    with pytest.raises(BadInputError, match='write it like "daily 08:00" or "weekly mon 08:00"'):
        parse_digest(text, MADRID)
