"""The open orders file: detects CSV or JSON Lines, and yields raw rows."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from monitor.errors import BadInputError
from refilld.orders_file.conventions import with_columns
from refilld.orders_file.csv_rows import LONGEST_RECORD, CsvRows
from refilld.orders_file.headings import check_mapping
from refilld.orders_file.input_file import open_input
from refilld.orders_file.json_rows import LONGEST_LINE, JsonRows
from refilld.orders_file.lines import LineReader
from refilld.orders_file.rows import NO_MAPPING, CsvLayout, RawRow, Refused, RowReader

_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
_HEAD = 4_096


class OrdersFile:
    """An orders file open for reading; it can be iterated over several times. Close it (context manager)."""

    def __init__(
        self, path: Path, mapping: Mapping[str, str] = NO_MAPPING, columns: Mapping[str, str] = NO_MAPPING
    ) -> None:
        """Open the file, or the standard input for `-`; the mappings are field by column.

        The columns of `mapping` must exist; those of `columns` are optional, and are overridden by it.
        Raises BadInputError for a fault of the whole file, OSError when it cannot be read.
        """
        check_mapping(mapping)
        self._mapping = mapping
        self._optional = with_columns(mapping, columns)
        self._file = open_input(path)
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            """In bytes."""
            self._start = self._file.tell()
            head = self._file.read(_HEAD)
            self._as_json = _is_json(head, path.suffix)
            self._lines, self._rows = self._reader()
        except BaseException:
            self._file.close()
            raise

    @property
    def position(self) -> int:
        """Bytes read so far, at most `size` (for a progress bar)."""
        return self._lines.position

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns that are no field: known at once for CSV, as far as it is read for JSON Lines."""
        return tuple(self._rows.ignored)

    @property
    def layout(self) -> CsvLayout | None:
        """The layout of a CSV file; None for JSON Lines."""
        return self._rows.layout

    def __iter__(self) -> Iterator[RawRow | Refused]:
        """Yield rows from the beginning; raises BadInputError for a missing mapped column (JSON Lines)."""
        self._lines, self._rows = self._reader()
        return iter(self._rows)

    def _reader(self) -> tuple[LineReader, RowReader]:
        self._file.seek(self._start)
        lines = LineReader(self._file, LONGEST_LINE if self._as_json else LONGEST_RECORD)
        rows = (JsonRows if self._as_json else CsvRows)(lines, self._mapping, self._optional)
        return lines, rows

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_rows(path: Path, mapping: Mapping[str, str] = NO_MAPPING) -> Iterator[RawRow | Refused]:
    """Yield the rows of a file; raises the errors of OrdersFile."""
    with OrdersFile(path, mapping) as file:
        yield from file


def _is_json(head: bytes, suffix: str) -> bool:
    first = head.lstrip()[:1]
    if first == b"[":
        raise BadInputError(
            "file", "is one JSON array; write one object a line: jq -c '.[]' orders.json > orders.jsonl"
        )
    return first == b"{" or suffix.lower() in _JSON_SUFFIXES
