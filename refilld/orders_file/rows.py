"""Rows of an orders file before they mean anything: raw ones, and refused ones."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from monitor.errors import BadInputError

LONGEST_ID = 100
"""Characters of an order's id."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: `cells` are texts by field, "" (or no key) where nothing was given."""

    line: int
    """Of the row's beginning, from 1."""
    cells: Mapping[str, str]
    raw: Mapping[str, str] | str = "null"
    """The row as it stood: cells by heading (CSV), or the line's JSON (JSON Lines)."""

    def as_json(self) -> str:
        return self.raw if isinstance(self.raw, str) else json.dumps(self.raw)


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that is not an order, and why; `problem` says what would be right."""

    line: int
    order_id: str | None
    """None where the row does not say it legibly."""
    field: str
    """The order's field, or `row` when the row as a whole is at fault."""
    problem: str
    raw: str
    """The row as it stood, as JSON."""

    @classmethod
    def row(cls, row: RawRow, error: BadInputError) -> Self:
        """Refuse a row whose cells could be told apart."""
        order_id = row.cells.get("order_id", "").strip()
        legible = order_id.isprintable() and 0 < len(order_id) <= LONGEST_ID
        return cls(row.line, order_id if legible else None, error.field, error.problem, row.as_json())

    @classmethod
    def text(cls, line: int, problem: str, text: str) -> Self:
        """Refuse a piece of the file in which no cells can be told apart."""
        return cls(line, None, "row", problem, json.dumps(text.rstrip("\r\n")))

    def described(self, file_name: str) -> str:
        """One line for people: `orders.csv:17: quantity: '12k' is not a whole number; …`."""
        return f"{file_name}:{self.line}: {self.field}: {self.problem}"


class Rows(Protocol):
    """The rows of one format."""

    @property
    def ignored(self) -> Iterable[str]:
        """Columns seen so far that mean nothing to us."""

    def __iter__(self) -> Iterator[RawRow | Refused]: ...
