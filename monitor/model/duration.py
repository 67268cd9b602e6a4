"""Durations in the notation of the configuration: `90s`, `30m`, `24h`, `30d`."""

import re
from datetime import timedelta

from monitor.errors import BadInputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PATTERN = re.compile(r"(\d{1,9})(s|m|h|d)", re.ASCII)
_MAX_DURATION = timedelta(days=36_500)


def parse_duration(text: str, field: str = "duration") -> timedelta:
    """Parse `90s`, `30m`, `24h` or `30d`; raises BadInputError for anything else."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise BadInputError(field, f"{text!r} is not a duration; write it like 90s, 30m, 24h or 30d")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if duration > _MAX_DURATION:
        raise BadInputError(field, f"{text!r} is longer than 100 years")
    return duration


def format_duration(duration: timedelta) -> str:
    """Format a duration in the largest unit that divides it; the inverse of `parse_duration`."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
