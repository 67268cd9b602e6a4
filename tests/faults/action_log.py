"""The log of a consumer or a producer: one JSON object a line, on the disk before the next step."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class ActionLog:
    """Appends lines to a file, which later processes with the same name go on with."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, **action: object) -> None:
        """Note what is going to be done, or what was answered."""
        os.write(self._file, json.dumps(action).encode() + b"\n")
        os.fsync(self._file)

    def lines(self) -> list[dict[str, Any]]:
        """All lines so far."""
        return list(lines_of(self._path))


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a log; one system call writes a line, so that a kill leaves no part of one."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)
