"""What Graph says of its own limits: usage headers in percent, and how long it wants to be left alone."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.sources.contract import RateLimitHint

_USED = ("call_count", "total_time", "total_cputime")
_REGAIN = "estimated_time_to_regain_access"
_FULL = 100
_ABSURD = 10_000
"""No header says so many percent; minutes and seconds may be more, and are cut."""
_LONGEST = timedelta(days=1)


def rate_limit_hint(headers: Mapping[str, str], now: datetime) -> RateLimitHint:
    """Read the headers of an answer; what is not as documented says nothing."""
    usages = list(_usages(headers))
    used = [_whole(usage.get(name)) for usage in usages for name in _USED]
    percents = [percent for percent in used if percent is not None and percent < _ABSURD]
    waits = [*(_minutes(usage.get(_REGAIN)) for usage in usages), _retry_after(headers, now)]
    return RateLimitHint(
        min(max(percents), _FULL) if percents else None,
        max((wait for wait in waits if wait is not None), default=None),
    )


def combined(one: RateLimitHint, other: RateLimitHint, *, throttled: bool = False) -> RateLimitHint:
    """Join what two answers said: the worse of each; a throttled one has used up all there is."""
    used = [_FULL] if throttled else []
    used += [each.used_percent for each in (one, other) if each.used_percent is not None]
    waits = [each.wait for each in (one, other) if each.wait is not None]
    return RateLimitHint(max(used, default=None), max(waits, default=None))


def _usages(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    app = _read(headers.get("X-App-Usage"))
    yield app
    for cases in _read(headers.get("X-Business-Use-Case-Usage")).values():
        if isinstance(cases, list):
            yield from (case for case in cases if isinstance(case, dict))


def _read(header: str | None) -> Mapping[str, Any]:
    # RecursionError is what a header of brackets alone raises; it may be 64 KiB long.
    with suppress(ValueError, RecursionError):
        value = json.loads(header or "")
        return value if isinstance(value, dict) else {}
    return {}


def _whole(value: Any) -> int | None:
    # `type is`, for a bool is an int to Python and none to us.
    return value if type(value) is int and value >= 0 else None


def _minutes(value: Any) -> timedelta | None:
    minutes = _whole(value)
    return _bounded(minutes * 60) if minutes else None


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Read seconds or a date (RFC 9110, section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    with suppress(ValueError, OverflowError, LookupError, TypeError):  # what odd dates are known to raise
        if text.isascii() and text.isdigit():
            return _bounded(int(text))
        until = parsedate_to_datetime(text)
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return _bounded((aware - now).total_seconds())
    return None


def _bounded(seconds: float) -> timedelta | None:
    if seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, _LONGEST.total_seconds()))
