"""Quiet hours: over midnight, in the time zone of the receiver, and on days on which its clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.quiet_hours import QuietHours, parse_quiet_hours
from monitor.errors import BadInputError
from tests.builders import utc

MADRID = ZoneInfo("Europe/Madrid")
NIGHT = parse_quiet_hours("22:00-07:00", MADRID)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-01-10T20:59", False),
        ("2026-01-10T21:00", True),
        ("2026-01-11T05:59:59", True),
        ("2026-01-11T06:00", False),
        ("2026-07-10T20:00", True),
        ("2026-07-11T05:00", False),
    ],
)
def test_quiet_hours_follow_the_clock_of_the_zone(at: str, quiet: bool) -> None:
    """Madrid is an hour ahead of UTC in winter, and two in summer."""
    assert NIGHT.contain(utc(at)) is quiet


def test_quiet_hours_may_be_within_one_day() -> None:
    """The end does not belong to them."""
    siesta = parse_quiet_hours(" 14:00 - 16:30 ", ZoneInfo("UTC"))
    found = [siesta.contain(utc(f"2026-01-10T{at}")) for at in ("13:59", "14:00", "16:29", "16:30")]
    assert found == [False, True, True, False]


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        ("22:00-07:00", "2026-01-10T21:00", "2026-01-11T06:00"),
        ("22:00-07:00", "2026-01-11T05:59:30", "2026-01-11T06:00"),
        ("22:00-02:30", "2026-03-28T23:00", "2026-03-29T01:00"),  # 02:30 does not exist: 02:00 is 03:00
        ("22:00-02:30", "2026-10-24T23:00", "2026-10-25T00:30"),  # 02:30 comes twice …
        ("22:00-02:30", "2026-10-25T01:10", "2026-10-25T01:30"),  # … and so does what is quiet before it
    ],
)
def test_quiet_hours_end_when_the_clock_shows_it(hours: str, at: str, end: str) -> None:
    """Also when the clock skips the end, or shows it twice."""
    assert parse_quiet_hours(hours, MADRID).end_after(utc(at)) == utc(end)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.integers(1, 1439),
    st.sampled_from(["UTC", "Europe/Madrid", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_the_end_is_the_first_minute_that_is_not_quiet(
    at: datetime, begin: datetime, minutes: int, zone: str
) -> None:
    """Whatever the zone."""
    end = (datetime(2026, 1, 1, begin.hour, begin.minute) + timedelta(minutes=minutes)).time()  # noqa: DTZ001
    hours = QuietHours(begin, end, ZoneInfo(zone))  # type: ignore[arg-type]  # a time
    now = at.replace(tzinfo=UTC)
    found = hours.end_after(now)
    assert timedelta(0) < found - now <= timedelta(hours=26)
    assert not hours.contain(found)
    assert found - now <= timedelta(minutes=1) or hours.contain(found - timedelta(minutes=1))


@pytest.mark.parametrize("text", ["22-07", "22:00", "24:00-07:00", "22:60-07:00", "8:00-9:00", ""])
def test_what_is_not_a_time_of_the_day_is_refused(text: str) -> None:
    """With an example."""
    with pytest.raises(BadInputError, match='write it like "22:00-07:00"'):
        parse_quiet_hours(text, MADRID)


def test_quiet_hours_of_a_whole_day_are_refused() -> None:
    """With what to do instead."""
    with pytest.raises(BadInputError, match="route none to this receiver"):
        parse_quiet_hours("08:00-08:00", MADRID)
