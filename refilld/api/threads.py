"""The threads that serve requests, and a few for probes alone."""

from collections import deque
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TypeAlias

from refilld.api.connection import Connection

PROBES = ("/healthz", "/readyz")
"""Paths that are answered by threads of their own, so that no other request can delay them."""
_PROBE_THREADS = 2
_Given: TypeAlias = SimpleQueue[Connection | None]
"""What an idle thread waits for: a connection, or None at the end."""


class _ThreadGroup:
    """Threads that serve connections in the order of their requests.

    The thread that was idle for the shortest time is next, for its memory is still in the caches of the
    processor. waitress takes the one that was idle longest, which costs a fifth of the time of a request.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._lock = Lock()
        self._line = deque[Connection]()
        self._idle: list[_Given] = []
        self._ends = False
        self._threads = [
            Thread(target=self._run, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, connection: Connection) -> None:
        """Serve the request of a connection."""
        with self._lock:
            if not self._idle:
                self._line.append(connection)
                return
            given = self._idle.pop()
        given.put(connection)

    def _run(self) -> None:
        given: _Given = SimpleQueue()
        while (connection := self._next(given)) is not None:
            try:
                connection.service()
            except BaseException:
                connection.logger.exception("Exception when servicing %r", connection)

    def _next(self, given: _Given) -> Connection | None:
        """The next connection; None at the end."""
        with self._lock:
            if self._ends:
                return None
            if self._line:
                return self._line.popleft()
            self._idle.append(given)
        return given.get()

    def shut_down(self, timeout: float) -> None:
        """End the threads, which get so many seconds for what they do; requests that wait are not served."""
        with self._lock:
            self._ends = True
            for given in self._idle:
                given.put(None)
            self._idle.clear()
        end = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(end - monotonic(), 0.0))
        for connection in self._line:
            connection.cancel()


class Threads:
    """The threads of a server, as waitress calls them."""

    def __init__(self, requests: int) -> None:
        self._requests = _ThreadGroup("http", requests)
        self._probes = _ThreadGroup("http-probe", _PROBE_THREADS)

    def add_task(self, connection: Connection) -> None:
        """Serve the next request of a connection."""
        connection.queued_at = monotonic()
        path = getattr(connection.requests[0], "path", "")
        (self._probes if path in PROBES else self._requests).add(connection)

    def shutdown(self, timeout: float) -> None:
        """End all threads."""
        self._probes.shut_down(timeout)
        self._requests.shut_down(timeout)
