"""Times of recorded events: RFC 3339 with a UTC offset."""

import re
from datetime import UTC, datetime

from monitor.errors import BadInputError
from refilld.orders_file.cells import shown

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""Instagram started in this year."""
_CENTURY_ENDS = datetime(2100, 1, 1, tzinfo=UTC)  # sums with a duration stay below year 9999
_REMEDY = "write it like 2026-01-02T03:04:05Z"
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:Z|z|[+-][0-9]{2}:[0-5][0-9])"
).fullmatch

_from_iso = datetime.fromisoformat


def read_timestamp(value: object) -> datetime:
    """Read the `at` of an event as UTC; raises BadInputError("at", …)."""
    if type(value) is not str:
        raise BadInputError("at", f"is missing or no text; {_REMEDY}")
    if (usual := plain_timestamp(value)) is not None and usual >= EARLIEST:
        return usual
    if _RFC3339(value) is None:
        raise BadInputError("at", f"{shown(value)} is not a time with its offset; {_REMEDY}")
    try:
        at = _from_iso(value.upper())  # Python 3.11 accepts only the capital Z
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February, or out of range with its offset
        raise BadInputError("at", f"{shown(value)} is not in the calendar; {_REMEDY}") from None
    if not EARLIEST <= at < _CENTURY_ENDS:
        raise BadInputError("at", f"{shown(value)} is not between 2010 and 2100")
    return at


def plain_timestamp(text: str) -> datetime | None:
    """Read the usual spelling, 2026-01-02T03:04:05Z, quickly; None for any other, and after 2099."""
    if text[4::3] != "--T::Z" or text >= "2100":
        return None
    try:
        return _from_iso(text)
    except ValueError:
        return None
