"""Rows of a JSON Lines file: one object per line, numbers kept as they are written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.errors import BadInputError
from refilld.orders_file.headings import Columns, find, match, present
from refilld.orders_file.lines import Line, LineReader
from refilld.orders_file.rows import NO_MAPPING, CsvLayout, RawRow, Refused
from refilld.strict_json import read_json

LONGEST_LINE = 65_536
"""In bytes."""
_MOST_KEY_SETS = 64
_LONGEST_KEY_SET = 2_048
_MOST_IGNORED = 100
_LONGEST_IGNORED = 60
_NAMES = frozenset(
    {"order_id", "service", "link", "status", "metric", "terms", "owner", "provider", "customer", "language"}
)
_AMOUNT_KEYS = ("value", "amount")
_CURRENCY_KEYS = ("currency_code", "currency")


class Fraction(str):
    """A JSON number with a point or exponent, as it is written."""

    __slots__ = ()


class JsonRows:
    """Iterator over the objects of a file; the first object must have all columns of the mapping."""

    layout: CsvLayout | None = None

    def __init__(
        self, lines: LineReader, mapping: Mapping[str, str], optional: Mapping[str, str] = NO_MAPPING
    ) -> None:
        self._lines = lines
        self._needed = mapping
        self._mapping = {**optional, **mapping}
        self._matched: dict[tuple[str, ...], Columns] = {}
        self._mapping_checked = False
        self.ignored: dict[str, None] = {}
        """Columns read so far that are no field, in order; at most 100."""

    def __iter__(self) -> Iterator[RawRow | Refused]:
        """Raise BadInputError when the first object lacks a column that the mapping names."""
        for line in self._lines:
            if line.fault:
                yield Refused.text(line.number, line.fault, line.text)
            elif line.text.strip():
                yield self._row(line)

    def _row(self, line: Line) -> RawRow | Refused:
        try:
            read = _read_object(line.text.rstrip("\r\n"))
        except BadInputError as error:
            return Refused.text(line.number, error.problem, line.text)
        if not self._mapping_checked:
            for column in self._needed:
                find(column, list(read))
            self._mapping_checked = True
        cells: dict[str, str] = {}
        faults: dict[str, BadInputError] = {}
        row = RawRow(line.number, cells, line.text.strip(), faults)
        try:
            columns = self._columns(tuple(read)).fields
        except BadInputError as error:
            return Refused.row(row, error)
        for column, field in columns.items():
            try:
                cells[field] = cell_text(field, read[column])
            except BadInputError as error:
                faults[field] = error
        return row

    def _columns(self, keys: tuple[str, ...]) -> Columns:
        """Match the keys of a row to fields; the result is cached, unless the keys are very long."""
        if keys in self._matched:
            return self._matched[keys]
        columns = match(keys, present(keys, self._mapping))
        for column in columns.ignored[: _MOST_IGNORED - len(self.ignored)]:
            self.ignored[column[:_LONGEST_IGNORED]] = None
        if sum(len(column) + 1 for column in keys) <= _LONGEST_KEY_SET:
            if len(self._matched) >= _MOST_KEY_SETS:
                self._matched.clear()
            self._matched[keys] = columns
        return columns


def _read_object(text: str) -> dict[str, Any]:
    """Parse one object; raises BadInputError for any other value, duplicate keys and NaN."""
    read = read_json(text, Fraction)
    if not isinstance(read, dict):
        raise BadInputError("row", 'is not an object; write it like {"order_id": "17", …}')
    return read


def cell_text(field: str, value: object) -> str:
    """Return a value as text; an id or name has no point. Booleans, lists and objects are refused."""
    if value is None:
        return ""
    if isinstance(value, dict) and field == "price":
        return _amount_with_currency(value)
    if isinstance(value, Fraction) and field in _NAMES:
        raise BadInputError(field, f"{value[:60]} has a point or an exponent; write it as text")
    if isinstance(value, bool):
        raise BadInputError(field, f"{json.dumps(value)} is not a value for it; write a text or a number")
    if isinstance(value, str | int):
        return str(value)
    raise BadInputError(field, "is a list or an object; write a text or a number")


def _amount_with_currency(value: Mapping[str, object]) -> str:
    """The text of a price that is an object, as panels' interfaces write it."""
    amount = next((value[key] for key in _AMOUNT_KEYS if key in value), None)
    currency = next((value[key] for key in _CURRENCY_KEYS if key in value), None) or ""
    if isinstance(amount, bool) or not isinstance(amount, str | int) or not isinstance(currency, str):
        raise BadInputError("price", "is an object without a value; write a number, or leave the column out")
    return f"{amount} {currency.strip().upper()}".strip()
