"""The rejects file: refused rows as CSV, for the operator to correct and import again."""

import csv
import os
from pathlib import Path
from typing import IO, Self

from refilld.orders_file.rows import Refused

COLUMNS = ("line", "order_id", "field", "problem", "row")


class RejectsFile:
    """Writes refused rows; the file is created or replaced at the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def write(self, refused: Refused) -> None:
        """Append one row; the column `row` holds the row of the orders file as JSON. Raises OSError."""
        if self._file is None:
            self._file = _open_private(self._path)
            csv.writer(self._file).writerow(COLUMNS)
        csv.writer(self._file).writerow(
            (refused.line, refused.order_id or "", refused.field, refused.problem, refused.raw)
        )

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_private(path: Path) -> IO[str]:
    """Create the file readable by its owner only: the rows may name customers."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
