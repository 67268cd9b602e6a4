"""A change of terms as people write it: another window, another threshold."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from monitor.errors import BadInputError
from monitor.model.duration import parse_duration
from monitor.model.terms import Terms

LIFETIME = "lifetime"
_LONGEST = timedelta(days=36_500)
_MOST_PERCENT, _MOST_UNITS = 100, 1_000_000_000


def window_of(text: str) -> timedelta | None:
    """A window of a guarantee; None is without an end. Raises BadInputError."""
    if text == LIFETIME:
        return None
    window = parse_duration(text, "window")
    if not timedelta(0) < window <= _LONGEST:
        raise BadInputError("window", f"must be 1s to 36500d, or {LIFETIME}")
    return window


def threshold_of(text: str) -> tuple[str, int]:
    """The field of the terms, and its value: a share like 10%, or units like 50. Raises BadInputError."""
    number, percent, rest = text.partition("%")
    most = _MOST_PERCENT if percent else _MOST_UNITS
    plain = number.isascii() and number.isdecimal() and len(number) <= len(str(_MOST_UNITS))
    if rest or not plain or int(number) > most:
        raise BadInputError("threshold", "write a share of the delivered units like 10%, or units like 50")
    return ("min_drop_percent" if percent else "min_drop_units"), int(number)


def changed(terms: Terms, fields: Mapping[str, object]) -> Terms:
    """Terms with these fields changed."""
    return replace(terms, **fields)  # type: ignore[arg-type]  # fields of terms
