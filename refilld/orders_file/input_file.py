"""The bytes of an orders file as UTF-8 lines that can be read twice, whatever wrote them."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from monitor.errors import BadInputError

STANDARD_INPUT = Path("-")
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOM = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ZIP_SIGNATURE = b"PK\x03\x04"
_HEAD = 65_536
_CHUNK = 1 << 20


def open_input(path: Path) -> BinaryIO:
    """Open a file, or the standard input for `-`: seekable, in UTF-8, behind a byte order mark.

    What is not like that is copied into a temporary file. Raises BadInputError for other formats, and
    OSError.
    """
    file = _seekable(path)
    try:
        encoding = _utf16(_head(file))
        if encoding is not None:
            file = _replaced(file, _recoded(file, encoding))
        head = _head(file)
        start = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
        if b"\r" in head and b"\n" not in head:
            file.seek(start)
            start, file = 0, _replaced(file, _with_line_feeds(file))
        file.seek(start)
    except BaseException:
        file.close()
        raise
    return file


def is_input(path: Path, other: Path) -> bool:
    """Whether writing to `other` would change the input `path`, a file or standard input."""
    try:
        given = os.fstat(0) if path == STANDARD_INPUT else path.stat()
        return stat.S_ISREG(given.st_mode) and os.path.samestat(given, other.stat())
    except OSError:
        return False


def _head(file: BinaryIO) -> bytes:
    """The first bytes; BadInputError for a format that is no text."""
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith(_ZIP_SIGNATURE):
        raise BadInputError("file", "is a spreadsheet or an archive; export the orders as CSV")
    return head


def _replaced(file: BinaryIO, chunks: Iterable[bytes]) -> BinaryIO:
    """A copy of these bytes instead of the file, which is closed."""
    with file:
        return _copied(chunks)


def _seekable(path: Path) -> BinaryIO:
    """The file itself, if it is one; a copy of a pipe."""
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise BadInputError("file", "standard input is closed; give a file, or rows on standard input")
        return _copied(iter(lambda: sys.stdin.buffer.read(_CHUNK), b""))
    file = path.open("rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    return _replaced(file, iter(lambda: file.read(_CHUNK), b""))


def _copied(chunks: Iterable[bytes]) -> BinaryIO:
    """A temporary file with these bytes, at its beginning; it has no name and is gone when it is closed."""
    copy = cast("BinaryIO", TemporaryFile())  # noqa: SIM115  (the caller closes it)
    try:
        copy.writelines(chunks)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _utf16(head: bytes) -> str | None:
    """The encoding, by the byte order mark or by the zeros of the first letters."""
    if head[:4] in {b"\xff\xfe\0\0", b"\0\0\xfe\xff"}:
        raise BadInputError("file", 'looks like UTF-32; save it as UTF-8 (in a spreadsheet: "CSV UTF-8")')
    if head[:2] in _UTF16_BOM:
        return _UTF16_BOM[head[:2]]
    if b"\0" in head[:4]:
        return "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    return None


def _recoded(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    file.seek(0)
    text = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        while chunk := text.read(_CHUNK):
            yield chunk.removeprefix("\N{BOM}").encode()
    except UnicodeDecodeError:
        raise BadInputError("file", "is not valid UTF-16; save it as UTF-8") from None
    finally:
        text.detach()


def _with_line_feeds(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk.replace(b"\r", b"\n")
