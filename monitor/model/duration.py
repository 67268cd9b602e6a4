"""Durations as operators write them: `90s`, `30m`, `24h`, `30d`."""

import re
from datetime import timedelta

from monitor.errors import BadInputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_FORM = re.compile(r"(\d{1,9})(s|m|h|d)", re.ASCII)
_LONGEST = timedelta(days=36_500)


def parse_duration(text: str, field: str = "duration") -> timedelta:
    """Read `90s`, `30m`, `24h` or `30d`; raises BadInputError for anything else."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise BadInputError(field, f"{text!r} is not a duration; write it like 90s, 30m, 24h or 30d")
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if duration > _LONGEST:
        raise BadInputError(field, f"{text!r} is longer than 100 years")
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration with the largest unit that divides it, such that parsing gives it back."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
