"""The HTTP server (waitress), started and stopped by the daemon."""

import socket
from collections.abc import Callable, Iterable
from threading import Event, Thread
from time import monotonic
from typing import Any

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.server import create_server  # type: ignore[import-untyped]

from refilld.api.connection import Connection
from refilld.api.threads import Threads
from refilld.api.trigger import Trigger
from storage.errors import UnreachableError

THREADS = 16
LARGEST_BODY = 1024 * 1024
"""Bytes of a request body, at most."""
GRACE = 5.0
"""Seconds that running requests have to finish when the server stops."""
UNREAD_GRACE = 1.0
"""Seconds that the last answers wait for clients that read nothing, when the server stops."""
_LIMITS: dict[str, object] = {
    "max_request_body_size": LARGEST_BODY + 1,  # waitress rejects bodies of this size
    "max_request_header_size": 32 * 1024,
    "channel_timeout": 60,
    "cleanup_interval": 10,
    "connection_limit": 500,  # rarely reached: `connection.IN_ALL` is lower
}


class CannotListenError(UnreachableError):
    """The server cannot listen on the address of the HTTP interface."""


class HttpServer:
    """Serves one address with its own threads from `start` to `stop`."""

    def __init__(self, app: Callable[..., Iterable[bytes]], host: str, port: int) -> None:
        self.host = host
        self.port = port
        """The configured port; after `start` the real one, which differs if 0 is configured."""
        self._app = app
        self._sockets: dict[int, Any] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="http")
        self._server: Any = None

    def start(self) -> None:
        """Listen and serve; raises CannotListenError if the address is in use or invalid."""
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._server = create_server(
            self._app,
            self._sockets,
            _dispatcher=Threads(THREADS),
            sockets=[listener],
            ident=None,
            asyncore_use_poll=True,
            **_LIMITS,
        )
        self._server.trigger.close()
        self._server.trigger = Trigger(self._sockets)
        self._server.channel_class = Connection
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections, wait for running requests (at most GRACE), and close everything.

        Clients get what is left of their answers while they go on reading.
        """
        if self._thread.is_alive():
            self._stopping.set()
            self._server.pull_trigger()
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._run_once(1.0)
        wasyncore.dispatcher.close(self._server)  # closes only the listening socket
        self._finish()
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.trigger.close()
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()  # with the files of large answers
        wasyncore.close_all(self._sockets)

    def _finish(self) -> None:
        """Wait for running requests, and for clients that read their answers."""
        end = monotonic() + GRACE
        unread, unread_since = 0, monotonic()
        while monotonic() < end:
            channels = list(self._server.active_channels.values())
            left = sum(channel.total_outbufs_len for channel in channels)
            if left != unread:
                unread, unread_since = left, monotonic()
            done = not left or monotonic() - unread_since > UNREAD_GRACE
            if done and not any(channel.requests for channel in channels):
                break
            for channel in channels:  # once answered, its client would send others
                channel.close_when_flushed |= not channel.requests
            self._run_once(0.05)

    def _run_once(self, seconds: float) -> None:
        """Run one round of the event loop, waiting for input or output at most so long."""
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._sockets, count=1)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError, UnicodeError) as error:  # the latter two: an invalid port or name
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListenError(f"http.listen: {host}:{port}: {reason}") from error
    return listener
