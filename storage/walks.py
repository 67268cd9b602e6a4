"""Reading a list page by page in the order of an index; no page reads more than a bounded part of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Table, TextClause, func, literal, select, tuple_

from monitor.model.instants import EPOCH
from storage.column_types import AnyRow, AnySelect
from storage.pages import CappedCount, Cursor, Page, PageRequest
from storage.sqlite_hints import indexed_by

R = TypeVar("R")
Condition: TypeAlias = ColumnElement[bool] | TextClause
WINDOW = 2000
"""Rows of the index that one page looks at, if a condition is not in the index."""
COUNTED = 1000
"""Rows that are counted; of more the number is not told."""


@dataclass(frozen=True, slots=True)
class Walk:
    """The rows of a list, the index that finds them, and their order."""

    table: Table
    key: Column[Any]
    index: str | None
    """The index in whose order rows are read, named for SQLite; None for the key of the table."""
    at: Column[Any] | None = None
    """The time by which rows are ordered before their key."""
    found_by: tuple[Condition, ...] = ()
    """Conditions that the index answers."""
    filtered_by: tuple[Condition, ...] = ()
    """Conditions that each row is checked for."""
    sorted: bool = True
    """Whether the index has the order of the list; if not, it finds few rows, which are sorted."""

    @property
    def keys(self) -> tuple[Column[Any], ...]:
        return (self.key,) if self.at is None else (self.at, self.key)

    def filtered(self, *conditions: Condition) -> "Walk":
        """The same with more conditions that each row is checked for."""
        return replace(self, filtered_by=self.filtered_by + conditions)

    def equal(self, *pairs: tuple[Column[Any], object]) -> "Walk":
        """The same, with each row checked for the values that are given."""
        return self.filtered(*(column == value for column, value in pairs if value is not None))

    def within(self, since: datetime | None, before: datetime | None) -> "Walk":
        """The same in a period, by the time that orders the rows."""
        if self.at is None:
            return self
        first = () if since is None else (self.at >= since,)
        last = () if before is None else (self.at < before,)
        return replace(self, found_by=(*self.found_by, *first, *last))

    def hinted(self, query: AnySelect) -> AnySelect:
        """The query by this index; PostgreSQL finds it by its statistics."""
        if self.index is None:
            return query
        return query.with_hint(self.table, indexed_by(self.index), "sqlite")

    def ordered(self, query: AnySelect, *, descending: bool) -> AnySelect:
        return query.order_by(*(key.desc() if descending else key.asc() for key in self.keys))

    def beyond(self, cursor: Cursor, *, descending: bool) -> ColumnElement[bool]:
        """The rows after a place, in this direction."""
        return _compared(self.keys, self._values(cursor), less=descending, or_equal=False)

    def up_to(self, cursor: Cursor, *, descending: bool) -> ColumnElement[bool]:
        """The rows before a place, in this direction, and the row there."""
        return _compared(self.keys, self._values(cursor), less=not descending, or_equal=True)

    def _values(self, cursor: Cursor) -> tuple[datetime | int | str | None, ...]:
        return (cursor.key,) if self.at is None else (cursor.at or EPOCH, cursor.key)

    def place(self, row: AnyRow) -> Cursor:
        """The place of a row that has the keys of the list as its last columns."""
        return Cursor(None if self.at is None else row[-2], row[-1])


def _compared(
    keys: Sequence[Column[Any]], place: Sequence[Any], *, less: bool, or_equal: bool
) -> ColumnElement[bool]:
    """The keys of a row compared with a place."""
    row = tuple_(*keys)
    there = tuple_(*(literal(value, key.type) for key, value in zip(keys, place, strict=True)))
    if or_equal:
        return row <= there if less else row >= there
    return row < there if less else row > there


def read_page(
    connection: Connection,
    walk: Walk,
    query: AnySelect,
    request: PageRequest,
    make: Callable[[Sequence[AnyRow]], Sequence[R]],
) -> Page[R]:
    """One page of the rows of a query, which selects from the table of the walk.

    `make` makes the values of the rows, which have the keys of the list as additional last columns.
    """
    backwards = request.cursor is not None and request.cursor.before
    descending = request.oldest_first is backwards
    conditions = [*walk.found_by]
    if request.cursor is not None:
        conditions.append(walk.beyond(request.cursor, descending=descending))
    end = _window_end(connection, walk, conditions, descending=descending)
    if end is not None:
        conditions.append(walk.up_to(end, descending=descending))
    found = query.add_columns(*walk.keys).where(*conditions, *walk.filtered_by)
    ordered = walk.ordered(walk.hinted(found), descending=descending).limit(request.limit + 1)
    rows = list(connection.execute(ordered))
    more = len(rows) > request.limit
    rows = rows[: request.limit]
    beyond = walk.place(rows[-1]) if more else end
    if backwards:
        rows.reverse()
    first, last = (walk.place(rows[0]), walk.place(rows[-1])) if rows else (None, None)
    values = tuple(make(rows))
    if backwards:
        return Page(values, next=last, previous=None if beyond is None else replace(beyond, before=True))
    came_from = None if request.cursor is None or first is None else replace(first, before=True)
    return Page(values, next=beyond, previous=came_from)


def _window_end(
    connection: Connection, walk: Walk, conditions: Sequence[Condition], *, descending: bool
) -> Cursor | None:
    """The last row that a page looks at; None if it looks at all, or at no more than it shows."""
    if not walk.filtered_by or not walk.sorted:
        return None
    keys = select(*walk.keys).where(*conditions)
    query = walk.ordered(walk.hinted(keys), descending=descending).offset(WINDOW - 1).limit(1)
    row = connection.execute(query).first()
    return None if row is None else walk.place(row)


def count(connection: Connection, walk: Walk, query: AnySelect) -> CappedCount:
    """The number of rows, counted to a limit, and among no more than a part of the table."""
    conditions = [*walk.found_by]
    end = _window_end(connection, walk, conditions, descending=True)
    if end is not None:
        conditions.append(walk.up_to(end, descending=True))
    rows = select(walk.key)  # what is joined has one row for each, and matters for what is checked only
    if walk.filtered_by or not walk.sorted:
        rows = query.with_only_columns(walk.key, maintain_column_froms=True)
    rows = rows.where(*conditions, *walk.filtered_by)
    hinted = walk.hinted(rows).limit(COUNTED + 1)
    capped = (walk.ordered(hinted, descending=True) if walk.sorted else hinted).subquery()
    number = connection.execute(select(func.count()).select_from(capped)).scalar_one()
    return CappedCount(min(number, COUNTED), number <= COUNTED and end is None)
