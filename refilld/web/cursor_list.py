"""A long list that is read from one place on: its URL has the filter and the place of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from refilld.services.list_query import CURSOR, NEWEST, OLDEST, SORT, ListQuery, QueryFault, QueryFormat
from storage.engine import Transaction
from storage.pages import ROWS, CappedCount, Cursor, Page, PageRequest

F = TypeVar("F")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CursorList(Generic[F]):
    """The list that a URL asks for."""

    path: str
    filters: Mapping[str, str]
    """What was typed into the fields of its filter, without empty ones."""
    query: ListQuery[F] | None
    """None if something is wrong with the URL, so that no row is shown."""
    faults: tuple[QueryFault, ...] = ()
    filter_text: str = ""
    """The query string of its filter, in which times are absolute."""

    @property
    def oldest_first(self) -> bool:
        return self.query is not None and self.query.page.oldest_first

    @property
    def sort_word(self) -> str:
        """The order as the URL has it; empty for the newest first."""
        return OLDEST if self.oldest_first else ""

    @property
    def is_first(self) -> bool:
        """Whether nothing is filtered, and the page is the first."""
        return self.query is not None and not self.filters and self.query.page.cursor is None

    @property
    def url(self) -> str:
        """The URL of the first page of this list."""
        return self.at(None)

    @property
    def here(self) -> str:
        """The URL of this page of the list."""
        return self.url if self.query is None else self.at(self.query.page.cursor)

    @property
    def turned(self) -> str:
        """The URL of this list in the other order."""
        return self._url(NEWEST if self.oldest_first else OLDEST, None)

    def at(self, cursor: Cursor | None) -> str:
        """The URL of the page at a place of this list."""
        return self._url(self.sort_word, cursor)

    def _url(self, order: str, cursor: Cursor | None) -> str:
        more = {SORT: "" if order == NEWEST else order, CURSOR: "" if cursor is None else str(cursor)}
        fields = {name: value for name, value in (dict(self.filters) | more).items() if value}
        return f"{self.path}?{urlencode(fields)}" if fields else self.path


def read_cursor_list(path: str, form: QueryFormat[F], now: datetime, rows: int = ROWS) -> CursorList[F]:
    """The list that the URL of the current request asks for, with so many rows unless it says otherwise."""
    found = form.parse(request.query_string.decode("utf-8", "replace"), now, rows)
    filters = {name: value for name in form.fields if (value := request.args.get(name, ""))}
    if isinstance(found, tuple):
        return CursorList(path, filters, None, found)
    return CursorList(path, filters, found, filter_text=form.write_filter(found.filter))


def read_rows(
    tx: Transaction,
    listed: CursorList[F],
    page: Callable[[Transaction, F, PageRequest], Page[R]],
    counted: Callable[[Transaction, F], CappedCount],
) -> tuple[Page[R] | None, CappedCount | None]:
    """The page of a list, and the number of all that its filter finds; None if its URL is wrong."""
    if listed.query is None:
        return None, None
    return page(tx, listed.query.filter, listed.query.page), counted(tx, listed.query.filter)
