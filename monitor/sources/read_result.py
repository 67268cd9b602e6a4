"""The result of reading one target, before it becomes a snapshot, and the parsing of counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.model.snapshot import Outcome

LONGEST_QUOTE = 8192
"""Characters of foreign text in a detail, before it is made fit for a log; twice the longest token."""
_TOO_MANY = 10**12
"""More than a hundred times everybody: no count on Instagram can be that large."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one look saw: a snapshot without its target and time."""

    outcome: Outcome
    count: int | None = None
    count_kind: str = ""
    detail: str = ""
    account: str = ""
    username: str = ""
    """The name that the answer calls the profile by."""


def read_count(shown: Mapping[str, Any], key: str) -> ReadResult:
    """Take the count that stands under this key, if it is one."""
    value = shown.get(key)
    # `type is`, for a bool is an int to Python and none to us.
    if type(value) is not int or not 0 <= value < _TOO_MANY:
        return malformed(f"{key} is no sensible number: {printable(value)!r}")
    return ReadResult(Outcome.COUNT, count=value, count_kind=key)


def printable(value: Any) -> Any:
    """A hostile number may have more digits than Python is willing to print, and a text more than we are."""
    if isinstance(value, str):
        return value[:LONGEST_QUOTE]
    return value if isinstance(value, float | bool | None) else type(value).__name__


def malformed(detail: str) -> ReadResult:
    """What is seen in an answer that has not the shape it should have."""
    return ReadResult(Outcome.SCHEMA, detail=detail)
