"""A strict parser of requests: what a proxy in front could read in another way is refused.

If two programs disagree where a request ends, the rest of it is taken for a second request, with rights that
its sender does not have ("request smuggling"). RFC 9112 lets a server refuse all of this with 400.
"""

import re
from collections import Counter
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]
from waitress.utilities import BadRequest, RequestEntityTooLarge  # type: ignore[import-untyped]

_START_LINE = re.compile(rb"\S+ \S+ HTTP/1\.(?P<minor>[01])")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
_LONGEST_SIZE = 8
_TOO_LONG = re.compile(rb"[0-9]{21,}")
"""A Content-Length beyond every limit; Python refuses to read thousands of digits."""
_BARE_LF = re.compile(rb"[^\r\n]*\n")
_CRLF = b"\r\n"
_BLANKS = b" \t"
_ONCE = (b"content-length", b"transfer-encoding", b"host")


class _TooLargeError(Exception):
    """The body is larger than any limit."""


class StrictParser(HTTPRequestParser):  # type: ignore[misc]
    """Waitress's parser, which is called for each piece of a request, with stricter rules."""

    body_rcv: Any
    rest = b""
    """The input after the whole request."""

    def received(self, data: bytes) -> int:
        """Take a piece of input; returns how many of its bytes need not be given again."""
        taken: int = super().received(data)
        if not self.headers_finished and _BARE_LF.match(self.header_plus):  # its header would never end
            self.error, self.completed = BadRequest("The start line ends with a bare LF"), True
        if not self.completed:
            return taken
        if isinstance(self.error, RequestEntityTooLarge):
            most = self.adj.max_request_body_size - 1
            self.error = RequestEntityTooLarge(f"The body has more than {most:,} bytes")
        self.rest = data[taken:]
        self.expect_continue = False  # waitress would take the request as not completed
        return len(data)

    def parse_header(self, header_plus: bytes) -> None:
        """Parse start line and header; raises ParsingError, which is answered with 400."""
        try:
            _require_one_meaning(header_plus)
            super().parse_header(header_plus)
        except _TooLargeError:
            self.error = RequestEntityTooLarge("")
        except ValueError as error:  # of urlsplit, for an invalid host
            raise ParsingError("The request target is invalid") from error
        if self.chunked:
            self.body_rcv = ChunkedBody(self.body_rcv.getbuf())


def _require_one_meaning(header_plus: bytes) -> None:
    """Raise ParsingError for a header that leaves open where the request ends, or _TooLargeError."""
    start_line, *lines = header_plus.rstrip(_CRLF).split(_CRLF)
    start = _START_LINE.fullmatch(start_line)
    if start is None:
        raise ParsingError("The start line is not METHOD PATH HTTP/1.1")
    if b"#" in start_line:
        raise ParsingError("The request target has a fragment")
    if any(line.startswith((b" ", b"\t")) for line in lines):
        raise ParsingError("A header line is folded")
    fields = [
        (name.lower(), value.strip(_BLANKS).lower())
        for name, _, value in (line.partition(b":") for line in lines)
    ]
    count = Counter(name.replace(b"_", b"-") for name, _ in fields)
    for name in _ONCE:
        if count[name] > 1:
            raise ParsingError(f"More than one {name.decode()}")
    if start["minor"] == b"1" and not count[b"host"]:
        raise ParsingError("There is no Host")
    found = dict(fields)
    coding = found.get(b"transfer-encoding")
    if coding is not None:
        _require_chunked(coding, has_length=count[b"content-length"] > 0, minor=start["minor"])
    if _TOO_LONG.fullmatch(found.get(b"content-length", b"")):
        raise _TooLargeError


def _require_chunked(coding: bytes, *, has_length: bool, minor: bytes) -> None:
    """Raise ParsingError unless a body is simply chunked."""
    if has_length:
        raise ParsingError("Both Content-Length and Transfer-Encoding")
    if minor == b"0":
        raise ParsingError("Transfer-Encoding in HTTP/1.0")
    if coding != b"chunked":
        raise ParsingError("Transfer-Encoding is not chunked, once")


class ChunkedBody:
    """Decodes a chunked body; extensions and trailers, which no known client sends, are refused."""

    def __init__(self, buffer: Any) -> None:
        self.completed = False
        self.error: BadRequest | None = None
        self._buffer = buffer
        self._unread = b""
        self._missing = 0
        """Bytes that the current chunk still lacks, the line end after it included."""
        self._last = False
        """Whether the chunk of size 0 was read."""

    def received(self, data: bytes) -> int:
        """Decode a piece of the body; returns how many of its bytes belong to the body."""
        self._unread += data
        while self._unread and not self.completed and not self.error:
            if not (self._read_data() if self._missing else self._read_line()):
                break
        return len(data) - len(self._unread) if self.completed else len(data)

    def _read_data(self) -> bool:
        """Read from the current chunk; False if more must be received first."""
        inside = self._unread[: max(self._missing - len(_CRLF), 0)]
        if inside:
            self._buffer.append(inside)
        else:
            end = self._unread[: self._missing]
            if not _CRLF[-self._missing :].startswith(end):
                return self._fail("A chunk is longer than its size")
            inside = end
        self._missing -= len(inside)
        self._unread = self._unread[len(inside) :]
        return True

    def _read_line(self) -> bool:
        """Read the size of the next chunk, or the end; False if more must be received first."""
        line, end, rest = self._unread.partition(_CRLF)
        if not end and len(line) <= _LONGEST_SIZE + 1:
            return False
        if self._last and line:
            return self._fail("Trailers are not accepted")
        if not self._last and not _CHUNK_SIZE.fullmatch(line):
            return self._fail("Invalid chunk size")
        self._unread = rest
        self.completed = self._last
        size = 0 if self._last else int(line, 16)
        self._last = size == 0
        self._missing = size + len(_CRLF) if size else 0
        return True

    def _fail(self, problem: str) -> bool:
        self.error = BadRequest(problem)
        return False

    def getbuf(self) -> Any:
        """The decoded body."""
        return self._buffer

    def getfile(self) -> Any:
        """The decoded body, to be read."""
        return self._buffer.getfile()

    def __len__(self) -> int:
        return len(self._buffer)
