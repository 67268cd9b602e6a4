"""A receiver of HTTP requests on loopback: its answers drip, never end, never begin, or are redirects."""

import gzip
import itertools
import socketserver
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

_OK = b"HTTP/1.1 200 OK\r\n"
_PAUSE = 0.02


@dataclass(frozen=True)
class Answer:
    """Its first part, and one that follows again and again until the receiver ends."""

    first: bytes
    then: bytes | None = None

    @property
    def parts(self) -> Iterable[bytes]:
        repeated = [] if self.then is None else itertools.repeat(self.then)
        return itertools.chain([self.first], repeated)


ACCEPTED = Answer(_OK + b"Content-Length: 0\r\n\r\n")
REDIRECT = Answer(
    b"HTTP/1.1 301 Moved Permanently\r\nLocation: /landing\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)
NOTHING = Answer(b"", b"")
DRIPPED_HEADERS = Answer(_OK, b"X")
ENDLESS_HEADERS = Answer(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
DRIPPED_BODY = Answer(_OK + b"Content-Length: 1000000\r\n\r\n", b"x")
ENDLESS_BODY = Answer(_OK + b"\r\n", b"x" * 1_000_000)
COMPRESSED_ZEROS = Answer(_OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1_000_000)) * 100)


@dataclass
class Receiver:
    """Where it listens, and the first lines of the requests that it got."""

    port: int = 0
    requests: list[str] = field(default_factory=list)
    asked: Event = field(default_factory=Event)
    """Set by the first request."""
    sent: int = 0
    """Bytes of answers that were taken from it."""

    def address(self, scheme: str) -> str:
        return f"{scheme}://127.0.0.1:{self.port}/hook"


@contextmanager
def a_receiver(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver; a request of /landing is accepted."""
    receiver, ending = Receiver(), Event()

    class _Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            first = self.rfile.readline().decode().strip()
            receiver.requests.append(first)
            receiver.asked.set()
            size = 0
            while (line := self.rfile.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            self.rfile.read(size)
            with suppress(OSError):
                for part in (ACCEPTED if "/landing" in first else answer).parts:
                    self.request.sendall(part)
                    receiver.sent += len(part)
                    if ending.wait(_PAUSE):
                        return

    class _Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with _Server(("127.0.0.1", 0), _Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        receiver.port = server.server_address[1]
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield receiver
        finally:
            ending.set()
            server.shutdown()
