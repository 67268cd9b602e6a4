"""The rejects file: refused rows in the format of the orders file, to be mended and imported again."""

import csv
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from refilld.orders_file.headings import REJECT_COLUMNS, is_reject_column
from refilld.orders_file.rows import CsvLayout, Refused


class RejectsFile:
    """Writes refused rows with the columns `line` and `reason`; the file is created at the first of them."""

    def __init__(self, path: Path, layout: CsvLayout | None) -> None:
        """`layout` is that of the orders file; None for JSON Lines."""
        self._path = path
        self._layout = layout
        self._file: IO[str] | None = None

    def write(self, refused: Refused) -> None:
        """Append one row, and replace an older file before the first one. Raises OSError."""
        if self._file is None:
            self._file = _open_private(self._path)
            if self._layout is not None:
                _begin(self._file, self._layout)
        if self._layout is None:
            self._file.write(_json_line(refused))
        else:
            _csv_writer(self._file, self._layout).writerow(_csv_cells(refused, self._layout))
        self._file.flush()  # so that a full disk is reported with the row

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # reported by `write`
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _csv_writer(file: IO[str], layout: CsvLayout) -> Any:
    return csv.writer(file, delimiter=layout.delimiter, lineterminator="\n")


def _begin(file: IO[str], layout: CsvLayout) -> None:
    if layout.names_delimiter:
        file.write(f"sep={layout.delimiter}\n")
    kept = [heading for heading in layout.headings if not is_reject_column(heading)]
    _csv_writer(file, layout).writerow([*kept, *REJECT_COLUMNS])


def _csv_cells(refused: Refused, layout: CsvLayout) -> list[object]:
    """The cells of the row; a row that cannot be split into them is in the first column as a whole."""
    cells = [refused.raw] if isinstance(refused.raw, str) else list(refused.raw)
    cells += [""] * (len(layout.headings) - len(cells))
    kept = [
        cell for heading, cell in zip(layout.headings, cells, strict=True) if not is_reject_column(heading)
    ]
    return [*kept, refused.line, _reason(refused)]


def _json_line(refused: Refused) -> str:
    """The object of the row; a line that is none is in the key `row` as a whole."""
    try:
        read = json.loads(refused.raw if isinstance(refused.raw, str) else "")
    except (ValueError, RecursionError):
        read = None
    fields = dict(read) if isinstance(read, dict) else {"row": refused.raw}
    fields = {name: value for name, value in fields.items() if not is_reject_column(name)}
    return json.dumps(fields | {"line": refused.line, "reason": _reason(refused)}) + "\n"


def _reason(refused: Refused) -> str:
    return f"{refused.field}: {refused.problem}"


def _open_private(path: Path) -> IO[str]:
    """Create the file readable by its owner only, for the rows may name customers; any bytes are kept."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="")
