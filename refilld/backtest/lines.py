"""Lines of an events file, as bytes of bounded length."""

from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from typing import BinaryIO

LONGEST_LINE = 65_536
"""In bytes."""
_UTF8_MARK = b"\xef\xbb\xbf"


def event_lines(file: BufferedReader) -> Iterator[bytes]:
    """Yield every line with its line end; an empty line stands for one that is too long."""
    if file.peek(len(_UTF8_MARK)).startswith(_UTF8_MARK):  # peek, because a pipe cannot seek
        file.read(len(_UTF8_MARK))
    for line in iter(partial(file.readline, LONGEST_LINE + 1), b""):
        if len(line) > LONGEST_LINE:
            _skip_rest(file, line)
            yield b""
        else:
            yield line


def _skip_rest(file: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST_LINE)
