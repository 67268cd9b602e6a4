"""A TCP proxy in front of a socket, which can stop forwarding without closing a connection.

While it is paused, the kernel accepts connections and acknowledges data, as for a process stopped by SIGSTOP.
"""

import selectors
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread


class TcpProxy:
    """Forwards connections to a Unix socket, from a port on loopback."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._going, self._stopped = Event(), Event()
        self._going.set()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._thread = Thread(target=self._run)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def pause(self) -> None:
        """Forward nothing until `resume`."""
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def stop(self) -> None:
        self._stopped.set()
        self._going.set()
        self._thread.join()
        for end in (self._listener, *self._pairs):
            end.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            while not self._stopped.is_set():
                for key, _ in ready.select(0.02):
                    self._going.wait()
                    if key.fileobj is self._listener:
                        self._accept(ready)
                    elif isinstance(key.fileobj, socket.socket):
                        self._forward(ready, key.fileobj)

    def _accept(self, ready: selectors.BaseSelector) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._target))
        except OSError:  # as a port on which nobody listens
            client.close()
            server.close()
            return
        for one, other in ((client, server), (server, client)):
            self._pairs[one] = other
            ready.register(one, selectors.EVENT_READ)

    def _forward(self, ready: selectors.BaseSelector, one: socket.socket) -> None:
        if one not in self._pairs:
            return  # its other end was closed in the same round
        try:
            data = one.recv(65536)
            self._pairs[one].sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (one, self._pairs[one]):
                ready.unregister(end)
                del self._pairs[end]
                end.close()


@contextmanager
def tcp_proxy(target: Path) -> Iterator[TcpProxy]:
    """A proxy in front of a Unix socket."""
    proxy = TcpProxy(target)
    try:
        yield proxy
    finally:
        proxy.stop()
