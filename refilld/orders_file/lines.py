"""Numbered lines of a file with arbitrary bytes, each limited in length."""

from typing import BinaryIO, NamedTuple, Self

_CHUNK = 65_536
_EXCERPT = 200


class Line(NamedTuple):
    """One line with its end; bytes that are not UTF-8 are lone surrogates in `text`."""

    number: int
    """From 1, counted by line feeds."""
    text: str
    """The whole line; only its beginning when it is not `whole`."""
    size: int
    """In bytes."""
    quotes: int = 0
    """The number of double quotes in the whole line."""
    utf8: bool = True
    whole: bool = True
    """False: the line is longer than the reader's limit."""

    @property
    def fault(self) -> str | None:
        """Why the line cannot be used, or None."""
        if not self.whole:
            return f"the line has {self.size:,} bytes, which is too long for an order"
        return None if self.utf8 else "the line is not UTF-8; save the file as UTF-8"


class LineReader:
    """Iterator over the lines of a binary file; holds at most `longest` bytes of one line."""

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
        size, quotes = len(raw), raw.count(b'"')
        whole = size <= self._longest
        if not whole and not raw.endswith(b"\n"):
            skipped, skipped_quotes = self._skip_rest()
            size, quotes = size + skipped, quotes + skipped_quotes
        self.position += size
        return self._decoded(raw if whole else raw[:_EXCERPT], size, quotes, whole)

    def mark(self) -> tuple[int, int]:
        """Return the position of the reader, for `reset`."""
        return self.position, self._number

    def reset(self, mark: tuple[int, int]) -> None:
        """Return to the position of `mark`."""
        self.position, self._number = mark
        self._file.seek(self.position)

    def _decoded(self, raw: bytes, size: int, quotes: int, whole: bool) -> Line:
        try:
            return Line(self._number, raw.decode(), size, quotes, whole=whole)
        except UnicodeDecodeError:
            text = raw.decode(errors="surrogateescape")
            return Line(self._number, text, size, quotes, utf8=False, whole=whole)

    def _skip_rest(self) -> tuple[int, int]:
        """Read to the end of the line; return the number of bytes and quotes skipped."""
        skipped = quotes = 0
        while chunk := self._file.readline(_CHUNK):
            skipped += len(chunk)
            quotes += chunk.count(b'"')
            if chunk.endswith(b"\n"):
                break
        return skipped, quotes
