"""Pages of long lists: a cursor names the row at which a page begins or ends, not its number.

So a page neither repeats nor skips a row when rows are added or removed meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from monitor.model.instants import EPOCH
from storage.column_types import instant, microseconds

R = TypeVar("R")
LARGEST_KEY = 2**63 - 1
_LARGEST_INSTANT = microseconds(datetime.max.replace(tzinfo=EPOCH.tzinfo))
_DIGITS = len(str(LARGEST_KEY))
ROWS = 50
"""Rows of a page, if no other number is wanted."""
_AFTER, _BEFORE = "a", "b"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: a page begins after this row, or ends before it."""

    at: datetime | None
    """The time of the row; None in a list that is in the order of its keys only."""
    key: int | str
    before: bool = False
    """The page ends before the row."""

    def __str__(self) -> str:
        at = "" if self.at is None else microseconds(self.at)
        return f"{_BEFORE if self.before else _AFTER}.{at}.{self.key}"


def parse_cursor(text: str, *, number: bool = True) -> Cursor | None:
    """The cursor that `str` has printed, with a numeric key or a text; None if it is none."""
    direction, _, rest = text.partition(".")
    at, dot, key = rest.partition(".")
    if direction not in {_AFTER, _BEFORE} or not dot or not key or "\x00" in key:
        return None
    if not _is_number(at or "0", _LARGEST_INSTANT) or (number and not _is_number(key, LARGEST_KEY)):
        return None
    found = instant(int(at)) if at else None
    return Cursor(found, int(key) if number else key, direction == _BEFORE)


def _is_number(text: str, largest: int) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS and abs(int(digits)) <= largest


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list is wanted."""

    limit: int = ROWS
    cursor: Cursor | None = None
    """None for the first page."""
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list, in its order."""

    rows: tuple[R, ...]
    next: Cursor | None = None
    """Set if there may be more; a page with fewer rows than wanted then has only searched a part."""
    previous: Cursor | None = None


def first_rows(read: Callable[[PageRequest], Page[R]], limit: int) -> list[R]:
    """The first rows of a list, however many pages they take."""
    return [*searched(read, limit, None).rows]


def searched(read: Callable[[PageRequest], Page[R]], limit: int, pages: int | None) -> Page[R]:
    """The first rows of a list, as far as so many pages have them; its `next` is set if there may be more."""
    page, number = read(PageRequest(limit)), 1
    rows = [*page.rows]
    while page.next is not None and len(rows) < limit and number != pages:
        page = read(PageRequest(limit - len(rows), page.next))
        rows += page.rows
        number += 1
    return Page(tuple(rows), page.next)


@dataclass(frozen=True, slots=True)
class CappedCount:
    """The number of rows that a filter finds, as far as they were counted."""

    number: int
    exact: bool
    """False: there are at least so many."""

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"
