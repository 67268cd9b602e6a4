"""Formats of times: how a person names a time zone or a format of dates."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.errors import BadInputError

_OFFSET = re.compile(r"([+-])([01]?[0-9]):?([0-5][0-9])?")
_EXAMPLE = datetime(2026, 11, 28, 9, 10, tzinfo=UTC)


def zone_named(text: str) -> tzinfo:
    """The time zone of a name such as Europe/Berlin, or an offset such as +03:00; raises BadInputError."""
    if text.upper() in {"UTC", "GMT", "Z"}:
        return UTC
    if found := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(-offset if found[1] == "-" else offset)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, not a name, a directory
        raise BadInputError(
            "timezone", f"there is no time zone {text!r}; write one like Europe/Berlin, UTC or +03:00"
        ) from None


def checked_date_format(text: str) -> str:
    """The format, as of strptime; raises BadInputError unless it names year, month and day."""
    problem = f"{text!r} is no format of a date; write it like '%d.%m.%Y %H:%M' (d.m.y), '%m/%d/%Y %I:%M %p'"
    try:
        read = datetime.strptime(_EXAMPLE.strftime(text), text)  # noqa: DTZ007
    except (ValueError, re.error):
        raise BadInputError("date_format", problem) from None
    if read.date() != _EXAMPLE.date():
        raise BadInputError("date_format", problem)
    return text
