"""A long list that is read from one place on: its URL has the filter and the place of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlencode

from flask import request

from refilld.services.list_query import CURSOR, ListQuery, QueryFault, QueryFormat
from refilld.web.list_query import LONGEST_FILTER
from storage.pages import Cursor

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class CursorList(Generic[F]):
    """The list that a URL asks for."""

    path: str
    filters: Mapping[str, str]
    """What was typed into the fields of its filter, without empty ones."""
    query: ListQuery[F] | None
    """None if something is wrong with the URL, so that no row is shown."""
    faults: tuple[QueryFault, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether nothing is filtered, and the page is the first."""
        return self.query is not None and not self.filters and self.query.page.cursor is None

    @property
    def url(self) -> str:
        """The URL of the first page of this list."""
        return self.at(None)

    def at(self, cursor: Cursor | None) -> str:
        """The URL of the page at a place of this list."""
        given = dict(self.filters) | ({} if cursor is None else {CURSOR: str(cursor)})
        return f"{self.path}?{urlencode(given)}" if given else self.path


def read_cursor_list(path: str, form: QueryFormat[F], now: datetime) -> CursorList[F]:
    """The list that the URL of the current request asks for."""
    found = form.parse(request.query_string.decode("utf-8", "replace"), now)
    filters = {
        name: value[:LONGEST_FILTER] for name in form.fields if (value := request.args.get(name, "").strip())
    }
    if isinstance(found, tuple):
        return CursorList(path, filters, None, found)
    return CursorList(path, filters, found)
