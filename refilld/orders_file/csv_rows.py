"""Rows of a CSV file: records may span lines, and a broken record does not break those after it.

Text inside quotes is never read as rows, however long it is: it may come from customers. Only when the
quoting itself is broken are the lines after the first line of the broken record parsed again.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from monitor.errors import BadInputError
from refilld.orders_file.headings import Columns, match, present, recognise, require
from refilld.orders_file.lines import Line, LineReader
from refilld.orders_file.rows import NO_MAPPING, CsvLayout, RawRow, Refused

LONGEST_RECORD = 65_536
"""In bytes; below the limit of the csv module for one cell, which is global to the process."""
_DELIMITERS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=([^"])"?', re.IGNORECASE)
"""The first line with which a spreadsheet names its delimiter."""
_UNCLOSED = "a quote is opened and not closed; close it, and write a quote inside a quoted cell twice"
_FAULTS = {
    "unexpected end of data": _UNCLOSED,
    "expected after": "something follows a closing quote; write a quote inside a quoted cell twice",
    "new-line character": "there is a carriage return inside the row; put that cell in quotes",
}
_TOO_LONG = f"the row has more than {LONGEST_RECORD:,} bytes, which is too long for an order"


class _TooLongError(Exception):
    """The record that begins at the first consumed line is too long for an order."""


class _UnclosedError(Exception):
    """The record that begins at the first consumed line has a quote that is never closed."""


class CsvRows:
    """Iterator over the records after the header; the constructor reads the header."""

    def __init__(
        self, lines: LineReader, mapping: Mapping[str, str], optional: Mapping[str, str] = NO_MAPPING
    ) -> None:
        """Raise BadInputError when the header is missing, broken, ambiguous or incomplete.

        The columns of `optional` may be missing, unlike those of `mapping`.
        """
        self._lines = lines
        self._pushed_back: deque[Line] = deque()
        self._consumed: list[Line] = []
        self._size = 0
        self._no_closing_quote = False
        header = _header_line(lines)
        named = _SEPARATOR_LINE.fullmatch(header)
        if named is not None:
            self._delimiter = named[1]
            cells = _split(_header_line(lines), self._delimiter)
        else:
            self._delimiter, cells = _split_header(header, {**optional, **mapping})
        self.layout: CsvLayout | None = CsvLayout(self._delimiter, tuple(cells), named is not None)
        self._headings = _named_headings(cells)
        self._columns: Columns = match(self._headings, {**present(self._headings, optional), **mapping})
        require(self._columns, self._headings)
        self._fields = [
            (index, self._columns.fields[heading])
            for index, heading in enumerate(self._headings)
            if heading in self._columns.fields
        ]

    @property
    def ignored(self) -> tuple[str, ...]:
        return self._columns.ignored

    def __iter__(self) -> Iterator[RawRow | Refused]:
        records = self._records()
        while True:
            self._consumed, self._size = [], 0
            try:
                cells = next(records)
            except StopIteration:
                return
            except _TooLongError:
                yield self._skip()
                records = self._records()
                continue
            except (csv.Error, _UnclosedError) as fault:
                yield self._push_back(_explained(fault))
                records = self._records()
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(cells)

    def _records(self) -> Iterator[list[str]]:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        """Pass lines to the csv reader and remember them, up to the size limit of one record."""
        while line := self._pushed_back.popleft() if self._pushed_back else next(self._lines, None):
            self._consumed.append(line)
            self._size += line.size
            if self._size > LONGEST_RECORD:
                raise _TooLongError
            yield line.text
            # Quoting is broken in pushed-back lines: only the last of them may continue in an unread line.
            if self._consumed and self._pushed_back:
                raise _UnclosedError(_UNCLOSED)

    def _skip(self) -> Refused:
        """Refuse a record that is too long, and skip to its closing quote if there is one."""
        first, last = self._consumed[0], self._consumed[-1]
        began_inside = last is not first  # a record continues on a further line only inside quotes
        ends_inside = (last.quotes % 2 == 1) != began_inside
        if ends_inside and not self._closes():
            return self._push_back(_UNCLOSED)
        return Refused.text(first.number, _TOO_LONG, first.text)

    def _closes(self) -> bool:
        """Skip to the end of the line with the closing quote; False, without moving, when there is none."""
        if self._no_closing_quote:
            return False
        mark = self._lines.mark()
        if any(line.quotes % 2 for line in self._lines):
            return True
        self._lines.reset(mark)
        self._no_closing_quote = True  # remembered, so that the file is searched to its end only once
        return False

    def _push_back(self, problem: str) -> Refused:
        """Refuse the first line of a broken record, and push the lines after it back."""
        first, *rest = self._consumed
        self._pushed_back.extendleft(reversed(rest))
        return Refused.text(first.number, problem, first.text)

    def _row(self, cells: Sequence[str]) -> RawRow | Refused:
        line = self._consumed[0].number
        fault = next((line.fault for line in self._consumed if line.fault), None)
        if len(cells) != len(self._headings):
            fault = fault or (
                f"the row has {len(cells)} cells and the header {len(self._headings)};"
                f" put a cell that contains {self._delimiter!r} in quotes"
            )
        if fault and len(cells) > len(self._headings):
            return Refused.text(line, fault, "".join(line.text for line in self._consumed))
        if fault:
            return Refused(line, None, BadInputError("row", fault), cells)
        return RawRow(line, {field: cells[index] for index, field in self._fields}, cells)


def _explained(fault: Exception) -> str:
    message = str(fault)
    return next((text for part, text in _FAULTS.items() if part in message), message)


def _header_line(lines: LineReader) -> str:
    for line in lines:
        if line.fault:
            raise BadInputError("header", line.fault)
        if line.text.strip():
            return line.text.rstrip("\r\n")
    raise BadInputError("header", "the file is empty; its first line names the columns")


def _split(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([header], delimiter=delimiter, strict=True))
    except csv.Error as fault:
        raise BadInputError("header", f"is not CSV: {_explained(fault)}") from None


def _split_header(header: str, mapping: Mapping[str, str]) -> tuple[str, list[str]]:
    """Split by the delimiter that gives the most known columns, then the most columns."""
    splits = []
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([header], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        known = len(present(cells, mapping)) + sum(recognise(cell) is not None for cell in cells)
        splits.append(((known, len(cells)), delimiter, cells))
    (known, _), delimiter, cells = max(splits, key=lambda split: split[0], default=((0, 0), "", []))
    if not known and len(splits) < len(_DELIMITERS):
        raise BadInputError("header", f"is not CSV: {_UNCLOSED}")
    return delimiter, cells


def _named_headings(cells: Sequence[str]) -> list[str]:
    """Trim the headings and number the empty ones; raises BadInputError for a duplicate."""
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInputError("header", f"there are two columns {name[:60]!r}; rename or remove one")
        seen.add(name)
    return names
