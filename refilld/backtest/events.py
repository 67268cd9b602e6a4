"""Recorded events: one line of JSON becomes one typed event, or says what is wrong with it."""

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
from refilld.orders_file.cells import MOST_COUNT, shown

_LONGEST_WORD = 100
_MOST_DIGITS = 20
_METRICS = {str(metric): metric for metric in Metric}
_OUTCOMES = {str(outcome): outcome for outcome in Outcome}
_FLAGS = {str(flag): flag for flag in Flag}
_parse = partial(from_json, allow_inf_nan=False, cache_strings="keys")


@dataclass(slots=True)  # not frozen: there are millions of them, and freezing costs four times the making
class RecordedSnapshot:
    """A snapshot as it was recorded."""

    at: datetime
    link: str
    """As it was typed."""
    metric: Metric
    outcome: Outcome
    count: int | None
    """A number exactly when the outcome is `count`."""
    count_kind: str
    """What was counted, in the source's words."""


@dataclass(frozen=True, slots=True)
class RefillCompleted:
    """The order's open refill was delivered."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class OrderFlagged:
    at: datetime
    order_id: str
    flag: Flag


@dataclass(frozen=True, slots=True)
class OrderUnflagged:
    at: datetime
    order_id: str
    flag: Flag


@dataclass(frozen=True, slots=True)
class RefillRequested:
    """The customer asked."""

    at: datetime
    order_id: str


OrderEvent = RefillCompleted | OrderFlagged | OrderUnflagged | RefillRequested
Event = RecordedSnapshot | OrderEvent
Row = Mapping[str, Any]


def read_row(line: bytes) -> Row:
    """Read the object that a line is; raises BadInputError("row", …)."""
    try:
        row = _parse(line)
    except ValueError as fault:  # also for what is not UTF-8, nested too deep or not a number
        if not line:
            too_long = f"has more than {LONGEST_LINE:,} bytes, which is too long for an event"
            raise BadInputError("row", too_long) from None
        raise BadInputError("row", f"is not JSON: {str(fault).replace(' at line 1 ', ' at ')}") from None
    if type(row) is not dict:
        raise BadInputError("row", 'is not an object; write it like {"at": …, "event": …}')
    return row


def read_event(row: Row) -> Event:
    """Read one event; raises BadInputError naming the field. Fields that mean nothing here are ignored."""
    at = read_timestamp(row.get("at"))
    kind = row.get("event")
    if kind == "snapshot":
        return _look(row, at)
    if kind == "refill_completed":
        return RefillCompleted(at, _order_id(row))
    if kind == "order_flagged":
        return OrderFlagged(at, _order_id(row), _flag(row))
    if kind == "order_unflagged":
        return OrderUnflagged(at, _order_id(row), _flag(row))
    if kind == "refill_requested":
        return RefillRequested(at, _order_id(row))
    raise _unknown("event", kind, _EVENTS)


_EVENTS = ("snapshot", "refill_completed", "order_flagged", "order_unflagged", "refill_requested")


def _look(row: Row, at: datetime) -> RecordedSnapshot:
    try:
        metric, outcome = _METRICS[row["metric"]], _OUTCOMES[row["outcome"]]
    except (KeyError, TypeError):
        raise _no_such_word(row) from None
    link, counted = row.get("link"), row.get("counted", "")
    if type(link) is not str:
        raise BadInputError("link", "is missing or no text; write the profile or post")
    count = _count(row, outcome)
    if counted != "":
        counted = _counted(counted)
    return RecordedSnapshot(at, link, metric, outcome, count, counted)


def _count(row: Row, outcome: Outcome) -> int | None:
    count = row.get("count")
    if outcome is not Outcome.COUNT:
        if count is not None:
            raise BadInputError("count", f"stands at the outcome {outcome}, which has none")
        return None
    # `type is`, for a bool is an int to Python and none to us.
    if type(count) is not int:
        raise BadInputError("count", f"{_written(count)} is not a whole number; write it like 12000")
    if not 0 <= count <= MOST_COUNT:
        raise BadInputError("count", f"{_written(count)} is not possible; it is from 0 to {MOST_COUNT}")
    return count


def _counted(value: object) -> str:
    if value is None:
        return ""
    if type(value) is not str or len(value) > _LONGEST_WORD:
        raise BadInputError("counted", f"is not a text of at most {_LONGEST_WORD} characters")
    return intern(value)


def _order_id(row: Row) -> str:
    value = row.get("order_id")
    if type(value) is int:
        return _written(value)
    if type(value) is not str or not value:
        raise BadInputError("order_id", "is missing or no text")
    return value


def _flag(row: Row) -> Flag:
    word = row.get("flag")
    if type(word) is not str or word not in _FLAGS:
        raise _unknown("flag", word, _FLAGS)
    return _FLAGS[word]


def _no_such_word(row: Row) -> BadInputError:
    for field, words in (("metric", _METRICS), ("outcome", _OUTCOMES)):
        word = row.get(field)
        if type(word) is not str or word not in words:
            break
    return _unknown(field, word, words)


def _unknown(field: str, word: object, known: Mapping[str, object] | tuple[str, ...]) -> BadInputError:
    given = f"{shown(word)} is not known" if type(word) is str else "is missing or no text"
    return BadInputError(field, f"{given}; write one of {', '.join(known)}")


def _written(value: object) -> str:
    """A value as a message may show it; a hostile number may have more digits than Python will print."""
    if type(value) is int:
        return str(value) if abs(value) < 10**_MOST_DIGITS else "a number of many digits"
    if value is None or isinstance(value, list | dict):
        return "none" if value is None else "a list or an object"
    return shown(str(value))
