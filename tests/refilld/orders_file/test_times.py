"""Times: what is unambiguous is read, and the advice for the rest works when it is followed."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import BadInputError
from refilld.orders_file import Conventions
from refilld.orders_file.times import ReadTime, past_time, read_time
from refilld.time_format import checked_date_format, zone_named

AT = datetime(2026, 11, 28, 9, 10, tzinfo=UTC)
BARE = Conventions()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28 09:10", "2026-11-28T09:10:00", "2026/11/28 09:10", "2026.11.28 9:10:00",
        "28.11.2026 09:10", "28.11.2026, 09:10:00", "28/11/2026 09:10", "11/28/2026 9:10 AM",
        "11-28-2026 09:10", "28 Nov 2026 09:10",
        "28-Nov-2026 09:10", "Nov 28, 2026 9:10 am", "November 28 2026 09:10", "Sat, 28 Nov 2026 09:10:00",
    ],
)  # fmt: skip
def test_a_time_without_a_zone_is_read_as_utc_and_noted(text: str) -> None:
    """In every notation that leaves no doubt about day and month."""
    assert read_time("completed_at", text, BARE) == ReadTime(AT, naive=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T09:10:00Z", "2026-11-28 09:10:00+0000", "2026-11-28 09:10:00 +0000",
        "2026-11-28 10:10+01",
        "2026-11-28 14:40:00+05:30", "28.11.2026 09:10 UTC", "2026-11-28 09:10:00 GMT", "1795857000",
        "1795857000000", "1795857000.0", "Sat, 28 Nov 2026 09:10:00 +0000", "11/28/2026 09:10 PM -1200",
    ],
)  # fmt: skip
def test_a_time_with_an_offset_or_unix_time_needs_no_zone(text: str) -> None:
    """Unix seconds and milliseconds are in UTC."""
    zone = Conventions(zone=ZoneInfo("Asia/Tokyo"))
    expected = AT + timedelta(days=1) if "PM" in text else AT
    assert read_time("completed_at", text, BARE) == ReadTime(expected)
    assert read_time("completed_at", text, zone) == ReadTime(expected)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("0001-01-01 00:00:00", "Europe/Berlin"), ("9999-12-31 23:59:59", "America/New_York")],
)
@pytest.mark.parametrize("date_format", [None, "%Y-%m-%d %H:%M:%S"])
def test_a_time_that_its_zone_moves_out_of_range_is_refused(
    text: str, zone: str, date_format: str | None
) -> None:
    """Like any other text that is no time."""
    conventions = Conventions(zone=zone_named(zone), date_format=date_format)
    with pytest.raises(BadInputError, match="is not a time"):
        read_time("completed_at", text, conventions)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Europe/Berlin", -1), ("+03:00", -3), ("-0230", 2.5), ("UTC", 0), ("America/New_York", 5)],
)  # fmt: skip
def test_the_zone_is_that_of_the_operator(zone: str, hours: float) -> None:
    """Then there is nothing to note."""
    conventions = Conventions(zone=zone_named(zone))
    assert read_time("completed_at", "28.11.2026 09:10", conventions) == ReadTime(AT + timedelta(hours=hours))


@pytest.mark.parametrize(
    "text",
    [
        "05/06/2026 09:10", "05-06-2026 09:10:11", "05/06/2026 9:10 PM", "05/06/2026, 09:10", "05/06/2026",
        "2026-06-05", "28.11.2026", "28/11/2026", "11/28/2026", "05/06/2026 09:10 +0100",
    ],
)  # fmt: skip
def test_the_advice_for_a_refused_time_works(text: str) -> None:
    """Each format that it names reads the time, and is accepted as the option."""
    with pytest.raises(BadInputError) as caught:
        read_time("completed_at", text, BARE)
    formats = re.findall(r"--date-format ('[^']*')", caught.value.problem)
    days = set()
    for quoted in formats:
        (date_format,) = shlex.split(quoted)
        conventions = Conventions(date_format=checked_date_format(date_format))
        days.add(read_time("completed_at", text, conventions).at.date())
    assert len(days) == len(formats) == (2 if text.startswith("05") else 1)


def test_other_times_are_still_read_beside_a_format() -> None:
    """A file may mix them."""
    conventions = Conventions(date_format="%d/%m/%Y %H:%M")
    assert read_time("completed_at", "28/11/2026 09:10", conventions).at == AT
    assert read_time("completed_at", "2026-11-28T09:10:00Z", conventions).at == AT


@pytest.mark.parametrize(
    "text",
    [
        "28.11.26 09:10", "yesterday", "2026-11-28 25:10", "30.02.2026 09:10", "2026-11-28 09:10 CET",
        "28 Foo 2026 09:10", "2026-11-28 13:10 PM", "123456789012", "46354.38 x",
    ],
)  # fmt: skip
def test_other_texts_are_no_time(text: str) -> None:
    """The error names what is read."""
    with pytest.raises(BadInputError, match="is not a time; write it like 2026-01-02T03:04:05Z"):
        read_time("completed_at", text, BARE)


def test_a_future_time_without_a_zone_may_be_of_another_zone() -> None:
    """The advice names the option."""
    with pytest.raises(BadInputError, match="lies in the future; if its zone is another: --timezone ZONE"):
        past_time("completed_at", "2026-11-28 10:00", BARE, AT)
    assert past_time("completed_at", "2026-11-28 10:00", Conventions(zone=zone_named("+01:00")), AT).at <= AT


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_one_error(text: str) -> None:
    """The only error is BadInputError."""
    try:
        read_time("completed_at", text, BARE)
    except BadInputError:
        return


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc", "CEST+1", "+25:00"])
def test_the_error_for_an_unknown_zone_has_examples(name: str) -> None:
    """Each of them is a zone."""
    with pytest.raises(BadInputError, match="write one like Europe/Berlin, UTC or"):
        zone_named(name)


@pytest.mark.parametrize("text", ["", "%H:%M", "%d.%m", "x", "%Q", "%Y-%m"])
def test_a_format_must_name_year_month_and_day(text: str) -> None:
    """Else every order would be completed on one day."""
    with pytest.raises(BadInputError, match="is no format of a date"):
        checked_date_format(text)
