"""A list as the query string of a URL names it: filter, order and page; errors in it become faults."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from monitor.errors import BadInputError
from monitor.model.duration import parse_duration
from monitor.model.instants import rfc3339
from monitor.model.link import parse_link
from monitor.model.whole_number import whole_number
from refilld.services.input_limits import (
    LARGEST_ID,
    LONGEST_TEXT,
    NO_CONTROL_CHARACTERS,
    without_control_characters,
)
from storage.pages import ROWS, Cursor, PageRequest, parse_cursor

F = TypeVar("F")
LIMIT, CURSOR, SORT = "limit", "cursor", "sort"
NEWEST, OLDEST = "newest", "oldest"
MOST_ROWS = 1000
MOST_FIELDS = 50
"""Fields of a query string that are read."""
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class QueryFault:
    """What is wrong with one field of a query string."""

    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


UNREADABLE = QueryFault("query", f"is not UTF-8, or has more than {MOST_FIELDS} fields")


@dataclass(frozen=True, slots=True)
class ListQuery(Generic[F]):
    """Which rows of a list are wanted, and which page of them."""

    filter: F
    page: PageRequest


@dataclass(frozen=True, slots=True)
class FieldFormat:
    """How a value of a filter is written."""

    parse: Callable[[str, datetime], object]
    """From text, at this time; raises ValueError with the problem."""
    write: Callable[[Any], str] = str
    schema: Mapping[str, object] = field(default_factory=dict)
    """What is accepted, as JSON Schema describes it; other spellings may be, too."""


def _text(given: str, _now: datetime) -> str:
    if len(given) > LONGEST_TEXT:
        raise ValueError(f"has more than {LONGEST_TEXT:,} characters")
    return without_control_characters(given)


def _link(given: str, _now: datetime) -> str:
    try:
        return parse_link(given).link.url
    except BadInputError as error:
        raise ValueError(error.problem) from None


def _number(given: str, _now: datetime) -> int:
    found = whole_number(given, LARGEST_ID)
    if not found:
        raise ValueError(f"{_cut(given)} is not a number from 1")
    return found


def _yes_or_no(given: str, _now: datetime) -> bool:
    if given not in {"yes", "no"}:
        raise ValueError(f"{_cut(given)} is neither yes nor no")
    return given == "yes"


def parse_instant(given: str, now: datetime) -> datetime:
    """A time in RFC 3339, or a duration, which is the time so long ago."""
    try:
        return now - parse_duration(given)
    except BadInputError:
        pass
    except OverflowError:
        raise ValueError(f"{_cut(given)} is too long ago") from None
    try:
        at = datetime.fromisoformat(given)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        problem = f"{_cut(given)} is neither a duration such as 7d nor a time such as 2026-03-01T00:00:00Z"
        raise ValueError(problem) from None


def one_of(words: Iterable[str], make: Callable[[str], object] = str) -> FieldFormat:
    """One of some words."""
    known = [str(word) for word in words]

    def parse(given: str, _now: datetime) -> object:
        if given not in known:
            raise ValueError(f"{_cut(given)} is not known; write one of {', '.join(known)}")
        return make(given)

    return FieldFormat(parse, schema={"type": "string", "enum": known})


def word_of(words: type[StrEnum]) -> FieldFormat:
    """A member of an enum."""
    return one_of(words, words)


TEXT = FieldFormat(
    _text,
    schema={
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_TEXT,
        "pattern": NO_CONTROL_CHARACTERS,
    },
)
_PROFILE = r"@?[A-Za-z0-9_]([A-Za-z0-9_]|\.[A-Za-z0-9_]){0,14}"
_SITE = r"https://www\.instagram\.com/"
LINK = FieldFormat(
    _link,
    schema={
        "type": "string",
        "pattern": rf"^({_PROFILE}|{_SITE}p/[A-Za-z0-9_-]{{5,40}}/?)$",
        "description": "A profile or post, in any spelling",
    },
)
NUMBER = FieldFormat(_number, schema={"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
YES_OR_NO = FieldFormat(
    _yes_or_no, lambda value: "yes" if value else "no", {"type": "string", "enum": ["yes", "no"]}
)
_AGE = {"type": "string", "pattern": "^[1-9][0-9]{0,3}(s|m|h|d)$"}
INSTANT = FieldFormat(
    parse_instant,
    rfc3339,
    {
        "anyOf": [{"type": "string", "format": "date-time"}, _AGE],
        "description": "A time, or an age such as 7d",
    },
)
PERIOD: Mapping[str, FieldFormat] = {"since": INSTANT, "before": INSTANT}


@dataclass(frozen=True, slots=True)
class QueryFormat(Generic[F]):
    """The query strings of one list."""

    make: Callable[..., F]
    """The type of the filter."""
    fields: Mapping[str, FieldFormat]
    numbered: bool = True
    """Whether the rows have numbers as keys; else texts."""

    def parse(
        self, text: str, now: datetime, limit: int = ROWS, *, empty_allowed: bool = True
    ) -> ListQuery[F] | tuple[QueryFault, ...]:
        """The list of a query string, or all that is wrong with it.

        An empty field is as one not given if that is allowed, as in the forms of pages.
        """
        try:
            sent = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            return (UNREADABLE,)
        pairs = [(name, value) for name, value in sent if value]
        empty = () if empty_allowed else (name for name, value in sent if not value)
        faults = [QueryFault(name[:_SHOWN] or "=", "is empty; leave it out") for name in empty]
        faults += self._twice_or_unknown(pairs)
        values: dict[str, object] = {}
        for name, given in dict(pairs).items():
            if name in self.formats:
                try:
                    values[name] = self.formats[name].parse(given, now)
                except ValueError as error:
                    faults.append(QueryFault(name, str(error)))
        if faults:
            return tuple(faults)
        wanted = {name: value for name, value in values.items() if name in self.fields}
        page = PageRequest(
            limit=_whole(values.get(LIMIT), limit),
            cursor=_cursor(values.get(CURSOR)),
            oldest_first=values.get(SORT) == OLDEST,
        )
        return ListQuery(self.make(**wanted), page)

    def without(self, name: str) -> "QueryFormat[F]":
        """The same without a field."""
        return replace(self, fields={one: format_ for one, format_ in self.fields.items() if one != name})

    def write(self, query: ListQuery[F], limit: int = ROWS) -> str:
        """The query string of a list; `parse` with the same limit reads the same from it."""
        found: dict[str, object] = {name: getattr(query.filter, name) for name in self.fields}
        page = query.page
        found |= {SORT: OLDEST if page.oldest_first else None, CURSOR: page.cursor}
        found |= {LIMIT: None if page.limit == limit else page.limit}
        return urlencode(
            [
                (name, self.formats[name].write(value))
                for name, value in found.items()
                if value is not None and value is not False
            ]
        )

    def write_filter(self, wanted: F) -> str:
        """The query string of a filter alone."""
        return self.write(ListQuery(wanted, PageRequest()))

    def next(self, query: ListQuery[F], cursor: Cursor | None, limit: int = ROWS) -> str | None:
        """The query string of the page at a cursor; None without one."""
        if cursor is None:
            return None
        return self.write(replace(query, page=replace(query.page, cursor=cursor)), limit)

    @property
    def formats(self) -> Mapping[str, FieldFormat]:
        """All fields of a query string, by name."""
        return {**self.fields, LIMIT: _LIMIT_FORMAT, SORT: _SORT_FORMAT, CURSOR: _cursors(self.numbered)}

    def _twice_or_unknown(self, pairs: list[tuple[str, str]]) -> Iterable[QueryFault]:
        names = [name for name, _ in pairs]
        for name in dict.fromkeys(names):
            if name not in self.formats:
                known = ", ".join(self.formats)
                yield QueryFault(name[:_SHOWN] or "=", f"is not known; the fields are {known}")
            elif names.count(name) > 1:
                yield QueryFault(name, "is given twice")


def _limit(given: str, _now: datetime) -> int:
    found = whole_number(given, MOST_ROWS)
    if not found:
        raise ValueError(f"{_cut(given)} is not possible; write a number from 1 to {MOST_ROWS:,}")
    return found


def _cursors(numbered: bool) -> FieldFormat:
    def parse(given: str, _now: datetime) -> Cursor:
        cursor = parse_cursor(given, number=numbered)
        if cursor is None:
            raise ValueError(f"{_cut(given)} is no place in this list; leave it out for the first page")
        return cursor

    key = "[1-9][0-9]{0,17}" if numbered else "[^\\u0000-\\u001f\\u007f-\\u009f]{1,100}"
    place = {
        "type": "string",
        "pattern": rf"^[ab]\.[0-9]{{0,15}}\.{key}$",
        "description": "The next_cursor of a page",
    }
    return FieldFormat(parse, schema=place)


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) else default


def _cursor(value: object) -> Cursor | None:
    return value if isinstance(value, Cursor) else None


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


_LIMIT_FORMAT = FieldFormat(_limit, schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS})
_SORT_FORMAT = one_of((NEWEST, OLDEST))
