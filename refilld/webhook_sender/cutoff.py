"""A deadline for connections, by the clock: a timeout of a socket begins again with every byte."""

import socket
import time
from threading import Timer
from typing import Any, Self


class Cutoff:
    """Cuts connections off at a deadline, whatever they wait for: TLS, headers, or one more byte."""

    def __init__(self, deadline: float) -> None:
        """The deadline is a time of the monotonic clock."""
        self._deadline = deadline
        self._guards: list[socket.socket] = []
        self._timer = Timer(left(deadline), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for guard in self._guards:
            guard.close()

    def connections(self, kind: type[Any]) -> type[Any]:
        """A class of connections of urllib3 that are cut off."""
        guard = self._guard

        class CutConnection(kind):  # type: ignore[misc]  # its base is given
            def _new_conn(self) -> socket.socket:
                connected: socket.socket = super()._new_conn()
                guard(connected)
                return connected

        return CutConnection

    def _guard(self, connected: socket.socket) -> None:
        self._guards.append(connected.dup())  # TLS takes the socket itself over
        if time.monotonic() >= self._deadline:
            self._cut()

    def _cut(self) -> None:
        for guard in self._guards:
            try:
                guard.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed by the other side
                continue


def left(deadline: float) -> float:
    """Seconds until a deadline; never 0, which would mean none."""
    return max(deadline - time.monotonic(), 0.001)
