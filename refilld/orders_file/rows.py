"""Rows of an orders file before they are orders: raw rows and refused rows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from monitor.errors import BadInputError

LONGEST_ID = 100
"""Characters of an order's id."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: `cells` are texts by field, empty or missing where there is no value."""

    line: int
    """The line of the row's beginning, from 1."""
    cells: Mapping[str, str]
    raw: Mapping[str, str] | str = "null"
    """The row as it is in the file: cells by heading (CSV), or the line (JSON Lines)."""

    def as_json(self) -> str:
        return self.raw if isinstance(self.raw, str) else json.dumps(self.raw)


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that is not a valid order; `problem` is the fault and the remedy."""

    line: int
    order_id: str | None
    """None when the row has no valid one."""
    field: str
    """The invalid field, or `row` for a fault of the whole row."""
    problem: str
    raw: str
    """The row as it is in the file, as JSON."""

    @classmethod
    def row(cls, row: RawRow, error: BadInputError) -> Self:
        """Refuse a row with an invalid cell."""
        order_id = row.cells.get("order_id", "").strip()
        valid_id = order_id.isprintable() and 0 < len(order_id) <= LONGEST_ID
        return cls(row.line, order_id if valid_id else None, error.field, error.problem, row.as_json())

    @classmethod
    def text(cls, line: int, problem: str, text: str) -> Self:
        """Refuse a piece of the file that cannot be split into cells."""
        return cls(line, None, "row", problem, json.dumps(text.rstrip("\r\n")))

    def described(self, file_name: str) -> str:
        """One line for the operator: `orders.csv:17: quantity: '12k' is not a whole number; …`."""
        return f"{file_name}:{self.line}: {self.field}: {self.problem}"


class RowReader(Protocol):
    """Yields the rows of a file in one format."""

    @property
    def ignored(self) -> Iterable[str]:
        """Columns read so far that are no field."""

    def __iter__(self) -> Iterator[RawRow | Refused]: ...
