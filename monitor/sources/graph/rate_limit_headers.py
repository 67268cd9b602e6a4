"""Parses Graph's rate limit headers: used percentages and waiting times."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from monitor.sources.contract import RateLimitHint

_USED = ("call_count", "total_time", "total_cputime")
_REGAIN = "estimated_time_to_regain_access"
_EXHAUSTED = 100
_IMPLAUSIBLE = 10_000
"""Percentages from here on are ignored."""
_MAX_WAIT = timedelta(days=1)


def rate_limit_hint(headers: Mapping[str, str], now: datetime) -> RateLimitHint:
    """Parse the headers of an answer; undocumented values are ignored."""
    usages = list(_usages(headers))
    used = [_whole(usage.get(name)) for usage in usages for name in _USED]
    percents = [percent for percent in used if percent is not None and percent < _IMPLAUSIBLE]
    waits = [*(_minutes(usage.get(_REGAIN)) for usage in usages), _retry_after(headers, now)]
    return RateLimitHint(
        min(max(percents), _EXHAUSTED) if percents else None,
        max((wait for wait in waits if wait is not None), default=None),
    )


def combined(one: RateLimitHint, other: RateLimitHint, *, throttled: bool = False) -> RateLimitHint:
    """Combine the hints of two answers to the stricter one; `throttled` means that 100 percent are used."""
    used = [_EXHAUSTED] if throttled else []
    used += [each.used_percent for each in (one, other) if each.used_percent is not None]
    waits = [each.wait for each in (one, other) if each.wait is not None]
    return RateLimitHint(max(used, default=None), max(waits, default=None))


def _usages(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    app = _parse(headers.get("X-App-Usage"))
    yield app
    for cases in _parse(headers.get("X-Business-Use-Case-Usage")).values():
        if isinstance(cases, list):
            yield from (case for case in cases if isinstance(case, dict))


def _parse(header: str | None) -> Mapping[str, Any]:
    # RecursionError: deeply nested brackets, in a header of up to 64 KiB.
    with suppress(ValueError, RecursionError):
        value = json.loads(header or "")
        return value if isinstance(value, dict) else {}
    return {}


def _whole(value: Any) -> int | None:
    # `type is` excludes bool, a subclass of int.
    return value if type(value) is int and value >= 0 else None


def _minutes(value: Any) -> timedelta | None:
    minutes = _whole(value)
    return _bounded(minutes * 60) if minutes else None


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Parse seconds or a date (RFC 9110, section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    with suppress(ValueError, OverflowError, LookupError, TypeError):  # raised for invalid dates
        if text.isascii() and text.isdigit():
            return _bounded(int(text))
        until = parsedate_to_datetime(text)
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return _bounded((aware - now).total_seconds())
    return None


def _bounded(seconds: float) -> timedelta | None:
    if seconds <= 0:
        return None
    return timedelta(seconds=min(seconds, _MAX_WAIT.total_seconds()))
