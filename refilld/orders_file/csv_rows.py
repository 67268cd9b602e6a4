"""Rows of a CSV file: records may span lines, and one broken record does not take its neighbours along.

What stands inside a quote is never read as rows, however long it is: customers write it. Only when the
quoting itself is broken are the lines after a broken record's first one looked at again.
"""

import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from monitor.errors import BadInputError
from refilld.orders_file.headings import Columns, match, present, recognise, require
from refilld.orders_file.lines import Line, LineReader
from refilld.orders_file.rows import RawRow, Refused

LONGEST_RECORD = 65_536
"""In bytes; below the csv module's own limit for one cell, which is global to the process."""
_DELIMITERS = (",", ";", "\t")
_UNCLOSED = "a quote is opened and not closed; close it, and write a quote inside a quoted cell twice"
_FAULTS = {
    "unexpected end of data": _UNCLOSED,
    "expected after": "something follows a closing quote; write a quote inside a quoted cell twice",
    "new-line character": "there is a carriage return inside the row; put that cell in quotes",
}
_TOO_LONG = f"the row has more than {LONGEST_RECORD:,} bytes, which is too long for an order"


class _TooLongError(Exception):
    """The record that began at the first taken line is longer than any order."""


class _UnclosedError(Exception):
    """The record that began at the first taken line has a quote that is never closed."""


class CsvRows:
    """Iterator over the records after the header; reading the header is part of the construction."""

    def __init__(self, lines: LineReader, mapping: Mapping[str, str]) -> None:
        """Raise BadInputError when the header is missing, broken, ambiguous or incomplete."""
        self._lines = lines
        self._again: deque[Line] = deque()
        self._taken: list[Line] = []
        self._size = 0
        self._none_closes = False
        header = _header_line(lines)
        self._delimiter, cells = _split_header(header, mapping)
        self._headings = _named_headings(cells)
        self._columns: Columns = match(self._headings, mapping)
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
            self._taken, self._size = [], 0
            try:
                cells = next(records)
            except StopIteration:
                return
            except _TooLongError:
                yield self._skip()
                records = self._records()
                continue
            except (csv.Error, _UnclosedError) as fault:
                yield self._give_back(_explained(fault))
                records = self._records()
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(cells)

    def _records(self) -> Iterator[list[str]]:
        return csv.reader(self._feed(), delimiter=self._delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        """Hand lines to the csv reader and remember them, up to the limit of one record."""
        while line := self._again.popleft() if self._again else next(self._lines, None):
            self._taken.append(line)
            self._size += line.size
            if self._size > LONGEST_RECORD:
                raise _TooLongError
            yield line.text
            # Lines given back have shown broken quoting; only the last may go on into lines not seen yet.
            if self._taken and self._again:
                raise _UnclosedError(_UNCLOSED)

    def _skip(self) -> Refused:
        """Refuse a record that is too long, up to the quote that closes it if there is one."""
        first, last = self._taken[0], self._taken[-1]
        began_inside = last is not first  # a record goes on in a further line only within a quote
        ends_inside = (last.quotes % 2 == 1) != began_inside
        if ends_inside and not self._closes():
            return self._give_back(_UNCLOSED)
        return Refused.text(first.number, _TOO_LONG, first.text)

    def _closes(self) -> bool:
        """Read on through the line that closes the quote; False, without moving, when none does."""
        if self._none_closes:
            return False
        mark = self._lines.mark()
        if any(line.quotes % 2 for line in self._lines):
            return True
        self._lines.reset(mark)
        self._none_closes = True  # nor will one further down: the file is searched to its end only once
        return False

    def _give_back(self, problem: str) -> Refused:
        """Refuse the line that a broken record began with; the lines after it get another chance."""
        first, *rest = self._taken
        self._again.extendleft(reversed(rest))
        return Refused.text(first.number, problem, first.text)

    def _row(self, cells: Sequence[str]) -> RawRow | Refused:
        line = self._taken[0].number
        fault = next((taken.fault for taken in self._taken if taken.fault), None)
        if len(cells) != len(self._headings):
            fault = fault or (
                f"the row has {len(cells)} cells and the header {len(self._headings)};"
                f" put a cell that contains {self._delimiter!r} in quotes"
            )
        if fault:
            return Refused.text(line, fault, "".join(taken.text for taken in self._taken))
        values = {field: cells[index] for index, field in self._fields}
        return RawRow(line, values, dict(zip(self._headings, cells, strict=True)))


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


def _split_header(header: str, mapping: Mapping[str, str]) -> tuple[str, list[str]]:
    """Find the delimiter that makes the most known columns, else the most columns."""
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
    """Trim the headings, number the nameless ones; raises BadInputError for two of one name."""
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInputError("header", f"there are two columns {name[:60]!r}; rename or remove one")
        seen.add(name)
    return names
