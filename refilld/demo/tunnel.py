"""The server of the stand-ins: CONNECT, TLS and HTTP/1.1, one thread per connection."""

import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Lock
from typing import Any
from urllib.parse import parse_qsl


class Mishap(StrEnum):
    """A network fault while an answer is sent."""

    DROP = "drop"
    """The connection closes without an answer."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    STALL = "stall"
    """Nothing is sent until the stand-in is closed."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request: `path` with the query, header names in lower case, `form` of a POST."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies, by name."""
        pairs = (pair.partition("=") for pair in self.headers.get("cookie", "").split("; "))
        return {name: value for name, _, value in pairs}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, with an optional network fault."""

    body: str | bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    mishap: Mishap | None = None

    def encode(self) -> bytes:
        """The answer as bytes of HTTP/1.1."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        reason = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else ""
        # A list, because the headers of an answer may repeat a name.
        headers = [("Content-Length", str(len(body))), *self.headers]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/html; charset=utf-8"))
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Server(ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1."""

    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False  # server_close waits for all threads

    def __init__(
        self, hosts: frozenset[str], answer: Callable[[HttpRequest], HttpAnswer], tls: ssl.SSLContext
    ) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.hosts = hosts
        self.answer = answer
        self.tls = tls
        self.closing = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()

    def enter(self, connection: socket.socket) -> None:
        """Register a connection, so that `hang_up` can close it."""
        with self._lock:
            self._open.add(connection)
            if self.closing.is_set():
                _hang_up(connection)

    def leave(self, connection: socket.socket) -> None:
        """Unregister a connection."""
        with self._lock:
            self._open.discard(connection)

    def hang_up(self) -> None:
        """Shut down every open connection, also those that wait for the client."""
        with self._lock:
            self.closing.set()
            for connection in self._open:
                _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect or reject the certificate; show other errors."""
        # a handshake that hang_up interrupts fails with an error that is no OSError
        if not self.closing.is_set() and not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Tunnel(StreamRequestHandler):
    """Answers CONNECT, then serves the requested host inside TLS."""

    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.enter(self.connection)
        try:
            self._connect()
        finally:
            self.server.leave(self.connection)

    def _connect(self) -> None:
        method, _, rest = self.rfile.readline(4096).decode("latin-1").partition(" ")
        host = rest.partition(":")[0]
        while self.rfile.readline(4096).strip():
            pass
        if method != "CONNECT" or host not in self.server.hosts:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self._serve(
            self.server.tls.wrap_socket(self.connection, server_side=True, do_handshake_on_connect=False)
        )

    def _serve(self, secure: ssl.SSLSocket) -> None:
        with secure:
            self.server.enter(secure)
            try:
                secure.do_handshake()
                _acknowledge(secure)
                Site(secure, self.client_address, self.server)
            finally:
                self.server.leave(secure)


class Site(BaseHTTPRequestHandler):
    """Serves HTTP inside the tunnel until the client disconnects."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        _acknowledge(self.connection)
        length = int(self.headers.get("Content-Length", "0"))
        self._reply(dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing; the stand-in records requests itself."""

    def _reply(self, form: dict[str, str]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(
            HttpRequest(self.command, headers.get("host", ""), self.path, headers, form)
        )
        if answer.mishap is Mishap.STALL:
            self.server.closing.wait()
        if answer.mishap is not None:
            self.close_connection = True
        if answer.mishap in (None, Mishap.CUT):
            data = answer.encode()
            self.wfile.write(data if answer.mishap is None else data[: -1 - len(answer.body) // 2])


def _acknowledge(connection: socket.socket) -> None:
    """Acknowledge immediately: urllib3 uses Nagle's algorithm towards proxies, and would wait 40 ms."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have closed it already
        connection.shutdown(socket.SHUT_RDWR)
