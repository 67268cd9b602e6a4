"""The result of reading one target, before it becomes a snapshot, and the parsing of counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.model.snapshot import Outcome

LONGEST_QUOTE = 8192
"""Most characters of foreign text in a detail before it is shortened for a log: twice the longest token."""
_TOO_MANY = 10**12
"""A hundred times the number of people: no count on Instagram is that large."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What was read of one target: a snapshot without target, time and source."""

    outcome: Outcome
    count: int | None = None
    count_kind: str = ""
    detail: str = ""
    out_of_reach: bool = False
    account: str = ""
    username: str = ""
    """The profile's name in the answer."""


def read_count(shown: Mapping[str, Any], key: str) -> ReadResult:
    """Read the count under this key; the result is `schema` if it is not a plausible whole number."""
    value = shown.get(key)
    # `type is`, because a bool is an int in Python.
    if type(value) is not int or not 0 <= value < _TOO_MANY:
        return malformed(f"{key} is no sensible number: {printable(value)!r}")
    return ReadResult(Outcome.COUNT, count=value, count_kind=key)


def printable(value: Any) -> Any:
    """Return a value that is safe to print: a shortened text, or the type of what may be huge."""
    if isinstance(value, str):
        return value[:LONGEST_QUOTE]
    return value if isinstance(value, float | bool | None) else type(value).__name__


def malformed(detail: str) -> ReadResult:
    """Return the result of an answer of an unexpected shape."""
    return ReadResult(Outcome.SCHEMA, detail=detail)
