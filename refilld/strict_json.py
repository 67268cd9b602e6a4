"""Reading JSON strictly: no key twice, no NaN, nothing that the parser cannot hold."""

from collections.abc import Callable
from functools import cache
from json import JSONDecodeError, JSONDecoder
from typing import Any

from monitor.errors import BadInputError

BODY = "body"
"""The field of a fault of the body as a whole."""


class NotJsonError(BadInputError):
    """A text is not JSON."""

    def __init__(self, problem: str) -> None:
        super().__init__(BODY, problem)


def read_json(text: str, parse_float: Callable[[str], Any] = float) -> Any:
    """The value of a text; raises NotJsonError."""
    try:
        return _decoder(parse_float).decode(text)
    except JSONDecodeError as fault:
        raise NotJsonError(f"is not JSON: {fault.msg} at column {fault.colno}") from fault
    except BadInputError:
        raise
    except (ValueError, RecursionError) as fault:  # too many digits, too many brackets
        raise NotJsonError("has a too long number, or is nested too deeply") from fault


@cache
def _decoder(parse_float: Callable[[str], Any]) -> JSONDecoder:
    return JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=parse_float)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise NotJsonError(f"gives the key {_repeated(pairs)[:60]!r} twice; keep one")
    return read


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    """The first key that repeats an earlier one; in one pass, for the sender chooses how many there are."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    raise ValueError("no key is repeated")


def _no_constant(name: str) -> Any:
    raise NotJsonError(f"{name} is not valid JSON; write null for a missing number")
