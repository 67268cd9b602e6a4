"""Recorded events: parse one line of JSON into one typed event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from sys import intern
from typing import Any

from pydantic_core import from_json

from monitor.errors import BadInputError
from monitor.model.order import Flag
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from refilld.backtest.lines import LONGEST_LINE
from refilld.backtest.timestamps import read_timestamp
from refilld.orders_file.cells import shown
from refilld.orders_file.numbers import MOST_COUNT

_LONGEST_WORD = 100
_MOST_DIGITS = 20
_METRICS = {str(metric): metric for metric in Metric}
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_FLAGS = {str(flag): flag for flag in Flag}
_parse = partial(from_json, allow_inf_nan=False, cache_strings="keys")


@dataclass(slots=True)  # not frozen: freezing makes creation four times slower, and there are millions
class RecordedSnapshot:
    """A snapshot as it was recorded."""

    at: datetime
    link: str
    """As it is spelled in the file."""
    metric: Metric
    outcome: Outcome
    count: int | None
    """Not None if and only if the outcome is `count`."""
    count_kind: str
    """Name of the field that was counted."""


@dataclass(frozen=True, slots=True)
class RefillCompleted:
    """The order's open refill was delivered."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderFlagged:
    """A flag was set on the order."""

    at: datetime
    order_id: str
    flag: Flag


@dataclass(frozen=True, slots=True)
class OrderUnflagged:
    """A flag of the order was removed."""

    at: datetime
    order_id: str
    flag: Flag


@dataclass(frozen=True, slots=True)
class RefillRequested:
    """The customer requested a refill."""

    at: datetime
    order_id: str


OrderEvent = RefillCompleted | OrderFlagged | OrderUnflagged | RefillRequested
RecordedEvent = RecordedSnapshot | OrderEvent
EventFields = Mapping[str, Any]


def read_fields(line: bytes) -> EventFields:
    """Parse a line into a JSON object; raises BadInputError("row", …)."""
    try:
        fields = _parse(line)
    except ValueError as fault:  # also for invalid UTF-8, too deep nesting and NaN
        if not line:
            too_long = f"has more than {LONGEST_LINE:,} bytes, which is too long for an event"
            raise BadInputError("row", too_long) from None
        raise BadInputError("row", f"is not JSON: {str(fault).replace(' at line 1 ', ' at ')}") from None
    if type(fields) is not dict:
        raise BadInputError("row", 'is not an object; write it like {"at": …, "event": …}')
    return fields


def read_event(fields: EventFields) -> RecordedEvent:
    """Return one typed event; raises BadInputError naming the field. Unknown fields are ignored."""
    at = read_timestamp(fields.get("at"))
    kind = fields.get("event")
    if kind == "snapshot":
        return _snapshot(fields, at)
    if kind == "refill_completed":
        return RefillCompleted(at, _order_id(fields))
    if kind == "order_flagged":
        return OrderFlagged(at, _order_id(fields), _flag(fields))
    if kind == "order_unflagged":
        return OrderUnflagged(at, _order_id(fields), _flag(fields))
    if kind == "refill_requested":
        return RefillRequested(at, _order_id(fields))
    raise _unknown("event", kind, _EVENTS)


_EVENTS = ("snapshot", "refill_completed", "order_flagged", "order_unflagged", "refill_requested")


def _snapshot(fields: EventFields, at: datetime) -> RecordedSnapshot:
    try:
        metric, outcome = _METRICS[fields["metric"]], _OUTCOMES[fields["outcome"]]
    except (KeyError, TypeError):
        raise _unknown_word(fields) from None
    link, counted = fields.get("link"), fields.get("counted", "")
    if type(link) is not str:
        raise BadInputError("link", "is missing or no text; write the profile or post")
    count = _count(fields, outcome)
    if counted != "":
        counted = _count_kind(counted)
    return RecordedSnapshot(at, link, metric, outcome, count, counted)


def _count(fields: EventFields, outcome: Outcome) -> int | None:
    count = fields.get("count")
    if outcome is not Outcome.COUNT:
        if count is not None:
            raise BadInputError("count", f"stands at the outcome {outcome}, which has none")
        return None
    # `type is` and not `isinstance`, because bool is a subclass of int.
    if type(count) is not int:
        raise BadInputError("count", f"{_printable(count)} is not a whole number; write it like 12000")
    if not 0 <= count <= MOST_COUNT:
        raise BadInputError("count", f"{_printable(count)} is not possible; it is from 0 to {MOST_COUNT}")
    return count


def _count_kind(value: object) -> str:
    if value is None:
        return ""
    if type(value) is not str or len(value) > _LONGEST_WORD:
        raise BadInputError("counted", f"is not a text of at most {_LONGEST_WORD} characters")
    return intern(value)


def _order_id(fields: EventFields) -> str:
    value = fields.get("order_id")
    if type(value) is int:
        return _printable(value)
    if type(value) is not str or not value:
        raise BadInputError("order_id", "is missing or no text")
    return value


def _flag(fields: EventFields) -> Flag:
    word = fields.get("flag")
    if type(word) is not str or word not in _FLAGS:
        raise _unknown("flag", word, _FLAGS)
    return _FLAGS[word]


def _unknown_word(fields: EventFields) -> BadInputError:
    for field, words in (("metric", _METRICS), ("outcome", _OUTCOMES)):
        word = fields.get(field)
        if type(word) is not str or word not in words:
            break
    return _unknown(field, word, words)


def _unknown(field: str, word: object, known: Mapping[str, object] | tuple[str, ...]) -> BadInputError:
    given = f"{shown(word)} is not known" if type(word) is str else "is missing or no text"
    return BadInputError(field, f"{given}; write one of {', '.join(known)}")


def _printable(value: object) -> str:
    """Return a value for a message; Python refuses to print numbers of too many digits."""
    if type(value) is int:
        return str(value) if abs(value) < 10**_MOST_DIGITS else "a number of many digits"
    if value is None or isinstance(value, list | dict):
        return "none" if value is None else "a list or an object"
    return shown(str(value))
