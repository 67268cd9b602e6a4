"""The open orders file: detects CSV or JSON Lines, and yields raw rows."""

import os
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import Self

from monitor.errors import BadInputError
from refilld.orders_file.csv_rows import LONGEST_RECORD, CsvRows
from refilld.orders_file.headings import check_mapping
from refilld.orders_file.json_rows import LONGEST_LINE, JsonRows
from refilld.orders_file.lines import LineReader
from refilld.orders_file.rows import RawRow, Refused, RowReader

_NO_MAPPING: Mapping[str, str] = MappingProxyType({})
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_ZIP_SIGNATURE = b"PK\x03\x04"
_HEAD = 4_096


class OrdersFile:
    """An orders file open for reading; iterate over it once, and close it (it is a context manager)."""

    def __init__(self, path: Path, mapping: Mapping[str, str] = _NO_MAPPING) -> None:
        """Open the file; `mapping` is field by column.

        Raises BadInputError for a fault of the whole file, OSError when it cannot be read.
        """
        check_mapping(mapping)
        self._file = path.open("rb")
        try:
            self.size = os.fstat(self._file.fileno()).st_size
            """In bytes."""
            as_json = _skip_bom(self._file, path.suffix)
            self._lines = LineReader(self._file, LONGEST_LINE if as_json else LONGEST_RECORD)
            self._rows: RowReader = (JsonRows if as_json else CsvRows)(self._lines, mapping)
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

    def __iter__(self) -> Iterator[RawRow | Refused]:
        """Yield rows in order; raises BadInputError for a mapping to a missing column (JSON Lines)."""
        return iter(self._rows)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_rows(path: Path, mapping: Mapping[str, str] = _NO_MAPPING) -> Iterator[RawRow | Refused]:
    """Yield the rows of a file; raises the errors of OrdersFile."""
    with OrdersFile(path, mapping) as file:
        yield from file


def _skip_bom(file: BufferedReader, suffix: str) -> bool:
    """Skip a byte order mark; return whether the file is JSON Lines. BadInputError for other formats."""
    head = file.peek(_HEAD)[:_HEAD]  # peek, not read and seek: the file may be a pipe
    if head.startswith(_UTF16_BOMS) or b"\0" in head[:4]:
        raise BadInputError("file", 'looks like UTF-16; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")')
    if head.startswith(_ZIP_SIGNATURE):
        raise BadInputError("file", "is a spreadsheet or an archive; export the orders as CSV")
    has_bom = head.startswith(_UTF8_BOM)
    file.read(len(_UTF8_BOM) if has_bom else 0)
    first = head.removeprefix(_UTF8_BOM).lstrip()[:1]
    if first == b"[":
        raise BadInputError(
            "file", "is one JSON array; write one object a line: jq -c '.[]' orders.json > orders.jsonl"
        )
    return first == b"{" or suffix.lower() in _JSON_SUFFIXES
