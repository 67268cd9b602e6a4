"""Terms as stored with an order: one line of JSON."""

import json
from datetime import timedelta
from functools import lru_cache
from typing import Any

from monitor.model.terms import BelowStart, RefillMode, Terms

_TIMES = ("window", "settle", "confirm_after", "cooldown")
_NUMBERS = ("min_drop_percent", "min_drop_units", "confirmations", "max_refills", "max_refill_percent")


@lru_cache(maxsize=1024)
def dump_terms(terms: Terms) -> str:
    """Write terms as JSON; durations in seconds, a lifetime window as null."""
    times = {field: _seconds(getattr(terms, field)) for field in _TIMES}
    numbers = {field: getattr(terms, field) for field in _NUMBERS}
    rest = {
        "name": terms.name,
        "below_start": str(terms.below_start),
        "partial_orders": terms.partial_orders,
        "refill": str(terms.refill),
    }
    return json.dumps(rest | times | numbers, sort_keys=True)


@lru_cache(maxsize=1024)
def load_terms(text: str) -> Terms:
    """Read the terms that `dump_terms` wrote."""
    raw = json.loads(text)
    times: dict[str, Any] = {field: _duration(raw[field]) for field in _TIMES}
    return Terms(
        name=raw["name"],
        below_start=BelowStart(raw["below_start"]),
        partial_orders=raw["partial_orders"],
        refill=RefillMode(raw["refill"]),
        **times,
        **{field: raw[field] for field in _NUMBERS},
    )


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
