"""The real server on a real port: its start, its errors, and its orderly stop."""

import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from refilld.api.server import LARGEST_BODY, THREADS, HttpServer
from refilld.api.trigger import Trigger
from storage.errors import UnreachableError
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld

MAX_WAIT = 20.0
"""Seconds after which a test gives up on another thread."""
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def serving(app: App) -> Iterator[HttpServer]:
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def asking(server: HttpServer, method: str, path: str, **more: Any) -> Iterator[HTTPResponse]:
    """Send one request and return its answer."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
        connection.request(method, path, **more)
        yield connection.getresponse()


def status_of(server: HttpServer, path: str = "/") -> int:
    with asking(server, "GET", path) as answer:
        return answer.status


def claim(server: HttpServer, token: str, **body: object) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with asking(server, "POST", "/api/v1/refills/claim", body=json.dumps(body), headers=headers) as answer:
        return json.load(answer)


def empty(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("204 No Content", [])
    return []


def test_the_interface_works_over_a_real_connection(world: QueueWorld) -> None:
    """Port 0 selects a free port, which `port` returns."""
    world.queue("17")
    with serving(world.app()) as server:
        assert server.port > 0
        (refill,) = claim(server, world.token(Scope.REFILLS_CONSUME), limit=5)["refills"]
    assert refill["order_id"] == "17"


@pytest.mark.parametrize(
    "path",
    [
        *("//healthz", "//api/v1/refills", "/api%2Fv1/refills", "/api/v1%2Frefills"),
        *("/%61pi/v1/refills", "/api/v1/refill%73", "/api/v1/orders/a%E2%81%84%EE%80%AFb"),
    ],
)
def test_a_path_has_one_spelling(world: QueueWorld, path: str) -> None:
    """A proxy that guards a path by its spelling is not passed by another one."""
    with serving(world.app()) as server:
        assert status_of(server, path) == 404
        assert status_of(server, "/api/v1/refills") == 401


def test_the_server_header_is_not_sent(world: QueueWorld) -> None:
    """Neither product nor version, in any response."""
    with serving(world.app()) as server:
        for path in ("/healthz", "/nothing", "/api/v1/refills"):
            with asking(server, "GET", path) as answer:
                assert answer.getheader("Server") is None
                assert "waitress" not in answer.read().decode().lower()


def test_a_port_in_use_is_an_error_at_the_start() -> None:
    """UnreachableError, hence exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnreachableError, match=rf"^http\.listen: 127\.0\.0\.1:{port}: .*in use"):
            HttpServer(empty, "127.0.0.1", port).start()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99_999), ("no..name", 0), ("192.0.2.1", 0)])
def test_an_unusable_address_is_an_error_at_the_start(host: str, port: int) -> None:
    """An impossible port, an unknown name, a foreign address."""
    with pytest.raises(UnreachableError, match=r"^http\.listen: "):
        HttpServer(empty, host, port).start()


def test_a_server_that_never_started_can_be_stopped() -> None:
    """Also repeatedly."""
    HttpServer(empty, "127.0.0.1", 0).stop()
    with serving(empty) as server:
        server.stop()


def test_a_server_may_have_stopped_before_its_thread_is_woken() -> None:
    """The thread also looks once a second whether to stop."""
    with serving(empty) as server:
        wake = server._server.pull_trigger

        def late() -> None:
            wake()
            server._thread.join(MAX_WAIT)
            wake()

        server._server.pull_trigger = late
        server.stop()
        assert not server._thread.is_alive()


def test_a_closed_trigger_writes_nothing_to_a_file_that_has_its_descriptor() -> None:
    trigger = Trigger({})
    number = trigger.trigger
    trigger.close()
    reader, writer = os.pipe()
    try:
        assert writer == number
        trigger.pull_trigger()
        os.set_blocking(reader, False)
        with pytest.raises(BlockingIOError):
            os.read(reader, 1)
    finally:
        os.close(reader)
        os.close(writer)


def test_a_stopped_server_takes_no_connections_and_frees_its_port() -> None:
    """It can be reused at once."""
    with serving(empty) as server:
        assert status_of(server) == 204
    with pytest.raises(ConnectionRefusedError):
        status_of(server)
    again = HttpServer(empty, "127.0.0.1", server.port)
    again.start()
    again.stop()


def test_a_stop_waits_for_running_requests() -> None:
    """Its client gets the whole answer although the server is stopping."""
    running, finish = Event(), Event()

    def slow(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        running.set()
        assert finish.wait(MAX_WAIT)
        start("200 OK", [("Content-Length", "4")])
        return [b"done"]

    def ask() -> bytes:
        with asking(server, "GET", "/") as answer:
            return answer.read()

    with serving(slow) as server, ThreadPoolExecutor(2) as pool:
        answer = pool.submit(ask)
        assert running.wait(MAX_WAIT)
        stopped = pool.submit(server.stop)
        assert refuses_connections(server.port)
        assert not stopped.done()
        finish.set()
        assert answer.result(MAX_WAIT) == b"done"
        stopped.result(MAX_WAIT)


def refuses_connections(port: int) -> bool:
    """Wait until the port refuses connections."""
    for _ in range(100_000):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT).close()
        except ConnectionError:
            return True
    return False


def test_a_disconnect_is_noticed_during_a_request() -> None:
    """A long poll uses this to end early."""
    running, noticed, pause = Event(), Event(), Event()

    def wait_for_disconnect(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        running.set()
        for _ in range(2000):
            if environ["waitress.client_disconnected"]():
                noticed.set()
                break
            pause.wait(0.01)
        return empty(environ, start)

    with serving(wait_for_disconnect) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert running.wait(MAX_WAIT)
        assert noticed.wait(MAX_WAIT)


def test_as_many_requests_run_at_a_time_as_there_are_threads() -> None:
    """No request waits for another."""
    barrier = Barrier(THREADS)

    def meeting(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        barrier.wait(MAX_WAIT)
        return empty(environ, start)

    with serving(meeting) as server, ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(lambda _: status_of(server), range(THREADS))) == [204] * THREADS


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (LARGEST_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 21 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", 413),
    ],
)
def test_a_malformed_request_is_refused_with_a_problem(request_: bytes, status: int) -> None:
    """Also one that never reaches the application."""
    with serving(empty) as server, socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(MAX_WAIT)
        client.sendall(request_)
        answer = HTTPResponse(client)
        answer.begin()
        with closing(answer):
            assert answer.status == status
            assert answer.getheader("Content-Type") == "application/problem+json"
            assert answer.getheader("Server") is None
            assert answer.getheader("Cache-Control") == "no-store"
            assert answer.getheader("X-Content-Type-Options") == "nosniff"
            assert answer.getheader("X-Request-Id")
            assert json.load(answer)["status"] == status


def test_an_exception_in_the_application_is_answered_with_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    """The details are in the log only."""

    def broken(_environ: dict[str, Any], _start: Callable[..., Any]) -> Iterable[bytes]:
        raise ZeroDivisionError("inner details")

    with serving(broken) as server, asking(server, "GET", "/") as answer:
        assert answer.status == 500
        assert answer.getheader("Content-Type") == "application/problem+json"
        assert b"inner" not in answer.read()
    assert "inner details" in caplog.text


def test_the_largest_allowed_body_is_read(world: QueueWorld) -> None:
    """The limit includes it."""
    token = world.token(Scope.REFILLS_CONSUME)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"limit": 1' + b" " * (LARGEST_BODY - 12) + b"}"
    assert len(body) == LARGEST_BODY
    with (
        serving(world.app()) as server,
        asking(server, "POST", "/api/v1/refills/claim", body=body, headers=headers) as answer,
    ):
        assert answer.status == 200


def test_an_ipv6_address_can_be_listened_on() -> None:
    """The configuration has it in brackets, the server gets it without them."""
    server = HttpServer(empty, "::1", 0)
    try:
        server.start()
    except UnreachableError:
        assert not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists()
    else:
        socket.create_connection(("::1", server.port)).close()
    finally:
        server.stop()
