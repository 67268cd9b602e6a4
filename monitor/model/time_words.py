"""Times and ages as people read them; times are UTC, and the text around them says so."""

from datetime import datetime, timedelta

from monitor.model.number_words import significant

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_SHORT = (("d", _DAY), ("h", _HOUR), ("m", _MINUTE))
_LONG = (("days", _DAY), ("hours", _HOUR), ("minutes", _MINUTE))


def minute(at: datetime) -> str:
    """A time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def second(at: datetime) -> str:
    """A time to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def age(duration: timedelta) -> str:
    """A duration in the largest unit of which it has at least two; minutes at the least."""
    for unit, size in _SHORT:
        if duration >= 2 * size:
            return f"{duration // size}{unit}"
    return f"{max(duration, timedelta(0)) // _MINUTE}m"


def spoken(duration: timedelta) -> str:
    """A duration in words, to two digits."""
    for unit, size in _LONG:
        if duration >= 2 * size:
            return f"{significant(duration / size, 2)} {unit}"
    return "a minute"
