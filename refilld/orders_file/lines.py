"""Numbered lines of a file, each bounded in length, whatever its bytes are."""

from dataclasses import dataclass
from typing import BinaryIO, Self

_CHUNK = 65_536
_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line, its end included; bytes that are not UTF-8 stand in `text` as lone surrogates."""

    number: int
    """From 1, counted by line feeds."""
    text: str
    """The whole line, or only its beginning when it is not `whole`."""
    size: int
    """In bytes."""
    utf8: bool = True
    whole: bool = True
    """False: the line is longer than the reader's limit."""

    @property
    def fault(self) -> str | None:
        """What is wrong with the line itself, or None."""
        if not self.whole:
            return f"the line has {self.size:,} bytes, which is too long for an order"
        return None if self.utf8 else "the line is not UTF-8; save the file as UTF-8"


class LineReader:
    """Iterator over the lines of a binary file, never holding more than `longest` bytes of it."""

    def __init__(self, file: BinaryIO, longest: int) -> None:
        self._file = file
        self._longest = longest
        self._number = 0
        self.position = file.tell()
        """Bytes of the file read so far."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Line:
        raw = self._file.readline(self._longest + 1)
        if not raw:
            raise StopIteration
        self._number += 1
        size = len(raw)
        whole = size <= self._longest
        if not whole:
            size += 0 if raw.endswith(b"\n") else self._skip_rest()
            raw = raw[:_EXCERPT]
        self.position += size
        return self._decoded(raw, size, whole)

    def _decoded(self, raw: bytes, size: int, whole: bool) -> Line:
        try:
            return Line(self._number, raw.decode(), size, whole=whole)
        except UnicodeDecodeError:
            return Line(self._number, raw.decode(errors="surrogateescape"), size, utf8=False, whole=whole)

    def _skip_rest(self) -> int:
        skipped = 0
        while chunk := self._file.readline(_CHUNK):
            skipped += len(chunk)
            if chunk.endswith(b"\n"):
                break
        return skipped
