"""Limits for the answers of HTTP receivers: no redirect, a deadline for the whole answer, and a largest size.

A timeout of `requests` is for each read, so a receiver that sends a byte a second holds the caller forever,
and `requests` keeps a body of any size. Apprise's plugins call `requests` themselves and leave a caller no
session; what all of them share is `response_class`, by which urllib3's connections read answers. While the
calling thread is in `limited_answers`, it reads through the limits; other threads, such as those of the
sources, do not.

What remains: the time for DNS and for connecting is bounded by the resolver and by the caller's own timeout.
"""

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import urllib3.connection

MOST_BYTES = 1_000_000
"""Largest answer with its headers; no service answers a message with nearly as much."""
MOST_COMPRESSED = 60_000
"""Largest compressed answer, which may be a thousand times as large when it is read."""

LATE = "its answer was not complete in time"


@dataclass(slots=True)
class AnswerLimits:
    """The limits of each answer, and which of them was reached."""

    seconds: float
    """From the end of the request to the end of its answer."""
    problem: str = ""
    """Why an answer was given up; empty if none was."""

    def give_up(self, problem: str) -> http.client.HTTPException:
        """Note the problem; the error to raise, which `requests` turns into one of its own."""
        self.problem = problem
        return http.client.HTTPException(problem)


_current: ContextVar[AnswerLimits | None] = ContextVar("answer limits", default=None)


@contextmanager
def limited_answers(seconds: float) -> Iterator[AnswerLimits]:
    """Limit the answers to the HTTP requests that the calling thread makes meanwhile."""
    limits = AnswerLimits(seconds)
    token = _current.set(limits)
    try:
        yield limits
    finally:
        _current.reset(token)


class _LimitedReader(io.RawIOBase):
    """Reads an answer from its socket until the deadline and up to the largest size."""

    def __init__(self, raw: Any, connection: socket.socket, limits: AnswerLimits) -> None:
        self._raw = raw
        self._connection = connection
        self._limits = limits
        self._patience = connection.gettimeout()
        self._ends = time.monotonic() + limits.seconds
        self.left = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._ends - time.monotonic()
        if remaining <= 0:
            raise self._limits.give_up(LATE)
        if self.left <= 0:
            raise self._limits.give_up("its answer was too long")
        patience = remaining if self._patience is None else min(self._patience, remaining)
        self._connection.settimeout(patience)
        try:
            read: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            raise self._limits.give_up(LATE) from None
        self.left -= read or 0
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class LimitedResponse(http.client.HTTPResponse):
    """An answer that keeps the limits of the thread that reads its headers, if there are any."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._limits = _current.get()
        self._reader: _LimitedReader | None = None
        if self._limits is not None:
            self._reader = _LimitedReader(self.fp.detach(), sock, self._limits)
            self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        if self._limits is None or self._reader is None:
            return
        if 300 <= self.status < 400:  # noqa: PLR2004  # the class of redirects
            raise self._limits.give_up(f"it answered with a redirect ({self.status}), which is not followed")
        if self.headers.get("Content-Encoding"):
            self._reader.left = min(self._reader.left, MOST_COMPRESSED)


urllib3.connection.HTTPConnection.response_class = LimitedResponse
