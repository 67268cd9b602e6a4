"""A stream for logs whose errors are ignored: a full disk under the log must not end the daemon."""

from contextlib import suppress
from typing import TextIO


class UnfailingStream:
    """Writes to another stream; what cannot be written is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; returns its length also when it is lost."""
        with suppress(OSError, ValueError):  # full, or closed
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()
