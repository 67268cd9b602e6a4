"""The server behind the stand-in: CONNECT, TLS and HTTP/1.1 on one connection, a thread for each."""

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
    """What a network does to an answer."""

    DROP = "drop"
    """The connection closes without a word."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    STALL = "stall"
    """Nothing comes, until the stand-in is closed."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it arrived: `path` with its query, header names in lower case, `form` of a POST."""

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
    """What is sent back."""

    body: str | bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    mishap: Mishap | None = None

    def encode(self) -> bytes:
        """Return the whole answer as it goes over the wire."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        reason = HTTPStatus(self.status).phrase if self.status in set(HTTPStatus) else ""
        # Not a dict: the answer's own headers may repeat a name.
        headers = [("Content-Length", str(len(body))), *self.headers]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/html; charset=utf-8"))
        lines = [f"HTTP/1.1 {self.status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class Server(ThreadingTCPServer):
    """Listens on a free port of 127.0.0.1."""

    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False  # so that server_close waits for every one of them

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
        """Remember a connection, so that closing time finds it."""
        with self._lock:
            self._open.add(connection)
            if self.closing.is_set():
                _hang_up(connection)

    def leave(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def hang_up(self) -> None:
        """End every conversation, also those that wait for the other side."""
        with self._lock:
            self.closing.set()
            for connection in self._open:
                _hang_up(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that vanish or do not trust us; a fault of our own is still shown."""
        # hanging up takes the TLS from under a handshake, which then is no OSError
        if not self.closing.is_set() and not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Tunnel(StreamRequestHandler):
    """Reads the CONNECT, and becomes the site that was asked for."""

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
    """Speaks HTTP inside the tunnel until the client hangs up."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        _acknowledge(self.connection)
        length = int(self.headers.get("Content-Length", "0"))
        self._reply(dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the stand-in keeps its own list."""

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
    """Acknowledge at once: urllib3 leaves Nagle's algorithm on towards proxies, and would wait 40 ms."""
    if hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side may have been faster
        connection.shutdown(socket.SHUT_RDWR)
