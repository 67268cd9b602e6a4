"""A receiver of webhooks on loopback: a real HTTP server, with TLS or without, that records what it gets."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import trustme


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: Callable[[Any], None] | None = None
    """Writes the answer itself."""


@dataclass
class Receiver:
    """Answers each request with `reply`."""

    port: int = 0
    reply: Callable[[Received], Reply] = lambda _request: Reply()
    requests: list[Received] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def url(self, path: str = "/hook", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def ids(self) -> list[str]:
        with self.lock:
            return [request.headers["webhook-id"] for request in self.requests]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender was killed while it sent
            received = Received(self.path, headers, body)
            with receiver.lock:
                receiver.requests.append(received)
            reply = receiver.reply(received)
            if reply.raw is not None:
                reply.raw(self.wfile)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 100

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders hang up in tests."""


@contextmanager
def receiving(authority: trustme.CA | None = None, name: str = "hooks.test") -> Iterator[Receiver]:
    """A running receiver; with an authority it speaks TLS, under a name."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
