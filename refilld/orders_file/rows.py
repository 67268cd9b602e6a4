"""Rows of an orders file before they are orders: raw rows, refused rows and ignored rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self

from monitor.errors import BadInputError
from refilld.orders_file.cells import NO_IDS

LONGEST_ID = 100
"""Characters of an order's id."""
NO_MAPPING: Mapping[str, str] = MappingProxyType({})
"""Of columns to fields."""
_NO_FAULTS: Mapping[str, BadInputError] = MappingProxyType({})


def possible_id(text: str) -> bool:
    """Whether an order can have this id."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and text not in NO_IDS


class RawRow(NamedTuple):
    """One row as read: `cells` are texts by field, empty or missing where there is no value."""

    line: int
    """The line of the row's beginning, from 1."""
    cells: Mapping[str, str]
    raw: Sequence[str] | str = ""
    """The row as it is in the file: its cells (CSV), or the line (JSON Lines)."""
    faults: Mapping[str, BadInputError] = _NO_FAULTS
    """Fields whose values are no text or number (JSON Lines)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One row that is not a valid order."""

    line: int
    order_id: str | None
    """None when the row has no valid one."""
    error: BadInputError
    """The invalid field, or `row` for a fault of the whole row, with the fault and the remedy."""
    raw: Sequence[str] | str
    """The row as it is in the file: its cells, or its text if it cannot be split into cells."""

    @classmethod
    def row(cls, row: RawRow, error: BadInputError) -> Self:
        """Refuse a row with an invalid cell."""
        order_id = row.cells.get("order_id", "").strip()
        return cls(row.line, order_id if possible_id(order_id) else None, error, row.raw)

    @classmethod
    def text(cls, line: int, problem: str, text: str) -> Self:
        """Refuse a piece of the file that cannot be split into cells."""
        return cls(line, None, BadInputError("row", problem), text.rstrip("\r\n"))

    @property
    def field(self) -> str:
        return self.error.field

    @property
    def problem(self) -> str:
        return self.error.problem

    def described(self, file_name: str) -> str:
        """One line for the operator: `orders.csv:17: quantity: '12k' is not a whole number; …`."""
        return f"{file_name}:{self.line}: {self.field}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Ignored:
    """One row of a service that the configuration ignores."""

    line: int
    service: str


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a CSV file is laid out, to write another one like it."""

    delimiter: str
    headings: tuple[str, ...]
    """As they are in the file."""
    names_delimiter: bool = False
    """Whether the first line is `sep=;`, which spreadsheets write."""


class RowReader(Protocol):
    """Yields the rows of a file in one format."""

    layout: CsvLayout | None
    """None for JSON Lines."""

    @property
    def ignored(self) -> Iterable[str]:
        """Columns read so far that are no field."""

    def __iter__(self) -> Iterator[RawRow | Refused]: ...
