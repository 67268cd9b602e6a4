"""Ticks of the axes at nice numbers and dates."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from monitor.model.instants import EPOCH

_FACTORS = (1, 2, 5)
_SECOND, _MINUTE, _HOUR, _DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
_STEPS = (
    *(n * _SECOND for n in (1, 5, 15, 30)),
    *(n * _MINUTE for n in (1, 5, 15, 30)),
    *(n * _HOUR for n in (1, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14)),
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 600, 6_000, 60_000)
_LONGEST_MONTH = 31 * _DAY


def count_ticks(low: int, high: int, most: int) -> range:
    """At most so many whole numbers from `low` to `high`: multiples of 1, 2 or 5 times a power of 10."""
    step = _nice_step(max(high - low, 1), most)
    return range(-(-low // step) * step, high + 1, step)


def _nice_step(span: int, most: int) -> int:
    power = 1
    while True:
        for factor in _FACTORS:
            if span // (factor * power) < most:
                return factor * power
        power *= 10


def time_ticks(start: datetime, end: datetime, most: int) -> list[tuple[datetime, str]]:
    """Times from `start` to `end` with their labels, about `most` of them, at round times of UTC."""
    span = end - start
    for step in _STEPS:
        if span / step < most:
            first = EPOCH - ((EPOCH - start) // step) * step
            times = [first + n * step for n in range((end - first) // step + 1)]
            return [(at, _label(at, step)) for at in times]
    months = next(n for n in _MONTHS if span / (n * _LONGEST_MONTH) < most)
    return [(at, f"{at:%Y-%m}" if months % 12 else f"{at:%Y}") for at in _months(start, end, months)]


def _label(at: datetime, step: timedelta) -> str:
    if step < _MINUTE:
        return f"{at:%H:%M:%S}"
    midnight = at.hour == at.minute == 0
    return f"{at:%m-%d}" if midnight or step >= _DAY else f"{at:%H:%M}"


def _months(start: datetime, end: datetime, step: int) -> Iterator[datetime]:
    """The first days of every so many months."""
    number = -(-(start.year * 12 + start.month - 1) // step) * step
    last = end.year * 12 + end.month - 1
    for month in range(number, last + 1, step):
        at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if at >= start:
            yield at
