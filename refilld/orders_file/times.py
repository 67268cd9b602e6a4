"""Times as panels and spreadsheets write them; what could mean two times is refused."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from monitor.errors import BadInputError
from monitor.model.instants import EPOCH
from refilld.orders_file.cells import shown
from refilld.orders_file.conventions import Conventions

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the panel's clock may be ahead of ours."""
_EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)  # Instagram's first year
_MOST_MONTHS = 12

_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?)"
    r"(Z|z|[+-][0-9]{2}:[0-9]{2})"
)
_UNIX_SECONDS = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_UNIX_MILLISECONDS = re.compile(r"[0-9]{13}")
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?)?"
    r"(?:\s?(?P<half>[AaPp][Mm]))?"
    r"(?:\s?(?:(?P<utc>[Zz]|UTC|GMT)|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?))?"
)
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})(?:[Tt]|,?\s+|$)")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(,?)(?:\s+|$)")
_WEEKDAY = r"(?:[A-Za-z]{3,9},?\s)?"
_MONTH_SECOND = re.compile(rf"{_WEEKDAY}([0-9]{{1,2}})[\s-]([A-Za-z]{{3,9}})[\s-]([0-9]{{4}}),?(?:\s+|$)")
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}([A-Za-z]{{3,9}})\s([0-9]{{1,2}}),?\s([0-9]{{4}}),?(?:\s+|$)")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadTime:
    """A time in UTC; `naive` says that its text names no zone."""

    at: datetime
    naive: bool = False


@dataclass(frozen=True, slots=True)
class _Date:
    """The date at the beginning of a text, and where it ends."""

    year: int
    month: int
    day: int
    end: int


def read_time(field: str, text: str, conventions: Conventions) -> ReadTime:
    """Parse a time; raises BadInputError with a remedy that can be pasted."""
    try:
        return _read(field, text, conventions)
    except (ValueError, OverflowError):  # the 30th of February; a zone that leaves the range of datetime
        raise _no_time(field, text) from None


def _read(field: str, text: str, conventions: Conventions) -> ReadTime:
    if found := _RFC3339.fullmatch(text):
        return ReadTime(datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].upper()}").astimezone(UTC))
    if conventions.date_format and (own := _formatted(text, conventions.date_format)):
        return _in_zone(own, conventions)
    if _UNIX_SECONDS.fullmatch(text):
        return ReadTime(EPOCH + timedelta(seconds=float(text)))
    if _UNIX_MILLISECONDS.fullmatch(text):
        return ReadTime(EPOCH + timedelta(milliseconds=int(text)))
    return _in_zone(_written(field, text), conventions)


def past_time(field: str, text: str, conventions: Conventions, now: datetime) -> ReadTime:
    """Parse a time that must lie between 2010 and now; raises BadInputError."""
    read = read_time(field, text, conventions)
    if read.at > now + CLOCK_TOLERANCE:
        zone = "; if its zone is another: --timezone ZONE" if read.naive else "; check its offset from UTC"
        raise BadInputError(field, f"{shown(text)} lies in the future{zone}")
    if read.at < _EARLIEST:
        raise BadInputError(field, f"{shown(text)} is before 2010; there was no Instagram then")
    return read


def _in_zone(at: datetime, conventions: Conventions) -> ReadTime:
    if at.tzinfo is not None:
        return ReadTime(at.astimezone(UTC))
    zone = conventions.zone or UTC
    return ReadTime(at.replace(tzinfo=zone).astimezone(UTC), naive=conventions.zone is None)


def _formatted(text: str, date_format: str) -> datetime | None:
    try:
        return datetime.strptime(text, date_format)  # noqa: DTZ007  (a time without a zone has its own)
    except ValueError:
        return None


def _written(field: str, text: str) -> datetime:
    """Parse a date and a time of day; raises BadInputError, or ValueError for a day that does not exist."""
    date = _date(field, text)
    if date is None:
        raise _no_time(field, text)
    if date.end == len(text):
        raise _no_time_of_day(field, text)
    clock = _CLOCK.fullmatch(text, date.end)
    if clock is None:
        raise _no_time(field, text)
    return datetime(date.year, date.month, date.day, *_time_of_day(clock), tzinfo=_offset(clock))


def _date(field: str, text: str) -> _Date | None:
    if found := _YEAR_FIRST.match(text):
        return _Date(int(found[1]), int(found[3]), int(found[4]), found.end())
    if found := _YEAR_LAST.match(text):
        return _year_last(field, text, found)
    if found := _MONTH_SECOND.match(text):
        month, day, year = _month(found[2]), int(found[1]), int(found[3])
    elif found := _MONTH_FIRST.match(text):
        month, day, year = _month(found[1]), int(found[2]), int(found[3])
    else:
        return None
    return _Date(year, month, day, found.end()) if month else None


def _month(name: str) -> int | None:
    """The number of a month, from its English name or the first letters of it."""
    return next((n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower())), None)


def _year_last(field: str, text: str, found: re.Match[str]) -> _Date:
    """Dots are written between day, month and year only; other separators may stand in either order."""
    first, second = int(found[1]), int(found[3])
    if found[2] != "." and first <= _MOST_MONTHS and second <= _MOST_MONTHS and first != second:
        raise _ambiguous(field, text, found)
    day, month = (first, second) if found[2] == "." or first > _MOST_MONTHS else (second, first)
    return _Date(int(found[4]), month, day, found.end())


def _ambiguous(field: str, text: str, found: re.Match[str]) -> BadInputError:
    clock = _clock_format(text, found.end())
    sign, comma = found[2], found[5]
    day_first, month_first = (f"{date}{sign}%Y{comma}{clock}" for date in (f"%d{sign}%m", f"%m{sign}%d"))
    return BadInputError(
        field,
        f"{shown(text)} may begin with the day or with the month;"
        f" say which with --date-format '{day_first}' or --date-format '{month_first}'",
    )


def _clock_format(text: str, start: int) -> str:
    """The format of the time of day in a text, with the blank before it."""
    clock = _CLOCK.fullmatch(text, start)
    if clock is None:
        return ""
    seconds = ("" if clock["second"] is None else ":%S") + ("" if clock["part"] is None else ".%f")
    half = (
        "" if clock["half"] is None else text[clock.end("minute") : clock.start("half")].strip(":0123456789.")
    )
    hour = "%H" if clock["half"] is None else "%I"
    zone = "" if clock["utc"] is None and clock["sign"] is None else " %z"
    return f" {hour}:%M{seconds}" + ("" if clock["half"] is None else f"{half}%p") + zone


def _time_of_day(clock: re.Match[str]) -> tuple[int, int, int, int]:
    hour = int(clock["hour"])
    if clock["half"] is not None:
        if not 1 <= hour <= _MOST_MONTHS:
            raise ValueError
        hour = hour % 12 + (12 if clock["half"].lower() == "pm" else 0)
    microseconds = int((clock["part"] or "0").ljust(6, "0")[:6])
    return hour, int(clock["minute"]), int(clock["second"] or 0), microseconds


def _offset(clock: re.Match[str]) -> timezone | None:
    if clock["utc"] is not None:
        return UTC
    if clock["sign"] is None:
        return None
    offset = timedelta(hours=int(clock["hours"]), minutes=int(clock["minutes"] or 0))
    return timezone(-offset if clock["sign"] == "-" else offset)


def _no_time(field: str, text: str) -> BadInputError:
    return BadInputError(
        field,
        f"{shown(text)} is not a time; write it like 2026-01-02T03:04:05Z, or in Unix seconds, or say how"
        " it is written, like --date-format '%d.%m.%Y %H:%M'",
    )


def _no_time_of_day(field: str, text: str) -> BadInputError:
    """The remedy names the format of the text; an ambiguous date is reported before."""
    year_first, year_last = _YEAR_FIRST.match(text), _YEAR_LAST.match(text)
    if year_first:
        written = f"%Y{year_first[2]}%m{year_first[2]}%d"
    elif year_last and (year_last[2] == "." or int(year_last[1]) > _MOST_MONTHS):
        written = f"%d{year_last[2]}%m{year_last[2]}%Y"
    elif year_last:
        written = f"%m{year_last[2]}%d{year_last[2]}%Y"
    else:
        return _no_time(field, text)
    return BadInputError(
        field,
        f"{shown(text)} is not a time; --date-format '{written}' reads it as the beginning of that day",
    )
