"""Slow, many and half-closed connections: they keep nobody else from being served."""

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from threading import Event, Semaphore
from typing import Any

import pytest

from refilld.api import connection
from refilld.api.server import THREADS, HttpServer
from refilld.api.threads import PROBES
from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld

MAX_WAIT = 20.0
BEGINNING = b"POST /api/v1/refills/claim HTTP/1.1\r\nHost: x\r\nX-Slow: "


@contextmanager
def serving(app: Callable[..., Iterable[bytes]]) -> Iterator[HttpServer]:
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connect(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=MAX_WAIT)


def get(server: HttpServer, path: str) -> int:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as client:
        client.request("GET", path)
        return client.getresponse().status


def empty(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "0")])
    return []


def is_closed(client: socket.socket) -> bool:
    """Wait for the server to close the connection."""
    try:
        return client.recv(1000) == b""
    except ConnectionError:
        return True


def test_a_request_that_drips_is_cut_although_it_never_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is from its first byte to its last; a client that only keeps its connection is not cut."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    pause = Event()
    with serving(empty) as server, connect(server) as slow, connect(server) as idle:
        slow.sendall(BEGINNING)
        slow.settimeout(0.02)
        for _ in range(500):
            try:
                slow.sendall(b"a")
                assert slow.recv(1000) == b""
                break
            except TimeoutError:
                pause.wait(0.01)
            except ConnectionError:
                break
        else:
            pytest.fail("the connection was never closed")
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_crowd_of_slow_clients_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address has so many connections; the oldest unfinished one makes room for a new one."""
    monkeypatch.setattr(connection, "PER_PEER", 10)
    with ExitStack() as crowd, serving(empty) as server:
        kept = crowd.enter_context(connect(server))
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        clients = [crowd.enter_context(connect(server)) for _ in range(40)]
        for client in clients[:30]:
            assert is_closed(client)
        assert get(server, "/") == 200
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_crowd_from_many_addresses_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """All together have a limit below the one where the server stops accepting."""
    monkeypatch.setattr(connection, "IN_ALL", 5)
    with ExitStack() as crowd, serving(empty) as server:
        for number in range(2, 20):
            peer = (f"127.0.0.{number}", 0)
            crowd.enter_context(
                socket.create_connection(("127.0.0.1", server.port), MAX_WAIT, source_address=peer)
            ).sendall(BEGINNING)
        assert get(server, "/") == 200


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_is_answered_while_every_thread_waits(path: str) -> None:
    """As for a database that keeps all requests waiting."""
    running, finish = Semaphore(0), Event()

    def waiting(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != path:
            running.release()
            assert finish.wait(MAX_WAIT)
        return empty(environ, start)

    with serving(waiting) as server, ThreadPoolExecutor(THREADS + 4) as pool:
        asked = [pool.submit(get, server, "/") for _ in range(THREADS + 4)]
        for _ in range(THREADS):
            assert running.acquire(timeout=MAX_WAIT)
        assert get(server, path) == 200
        finish.set()
        assert [one.result(MAX_WAIT) for one in asked] == [200] * len(asked)


def test_a_request_that_waits_too_long_for_a_thread_is_a_503_and_not_carried_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a writer keeps all threads waiting, the last caller in the queue does not wait for all others."""
    running, finish, paths = Semaphore(0), Event(), list[str]()

    def waiting(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        running.release()
        assert finish.wait(MAX_WAIT)
        return empty(environ, start)

    with serving(waiting) as server, ThreadPoolExecutor(THREADS) as pool, connect(server) as late:
        asked = [pool.submit(get, server, "/") for _ in range(THREADS)]
        for _ in range(THREADS):
            assert running.acquire(timeout=MAX_WAIT)
        monkeypatch.setattr(connection, "QUEUE_SECONDS", -1.0)
        late.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
        finish.set()
        answer = late.makefile("rb").read()
        assert [one.result(MAX_WAIT) for one in asked] == [200] * THREADS
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Retry-After: 5\r\n" in answer
    assert b"Content-Type: application/problem+json\r\n" in answer
    assert "/late" not in paths


# Half-closed connections


def claim_and_close_one_side(server: HttpServer, token: str, body: dict[str, object]) -> Any:
    """Send a whole claim, close the sending side, and return the answer."""
    text = json.dumps(body).encode()
    with connect(server) as client:
        client.sendall(
            b"POST /api/v1/refills/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (token.encode(), len(text), text)
        )
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_a_claim_on_a_half_closed_connection_is_answered(world: QueueWorld) -> None:
    """Some clients close their side when they have sent everything."""
    world.queue("17")
    token = world.token(Scope.REFILLS_CONSUME)
    with serving(world.app()) as server:
        answer = claim_and_close_one_side(server, token, {"limit": 1})
    assert [refill["order_id"] for refill in answer["refills"]] == ["17"]


def test_a_half_closed_connection_does_not_wait_for_refills(world: QueueWorld) -> None:
    """Its client may be gone, and a refill claimed for him would wait for the end of its lease."""
    token = world.token(Scope.REFILLS_CONSUME)
    with serving(world.app()) as server:
        answer = claim_and_close_one_side(server, token, {"limit": 1, "wait_seconds": 30})
        (refill_id,) = world.queue("17")
    assert answer == {"refills": []}
    assert world.state(refill_id) == "queued"
