"""Clients that send many requests and read no answer: they hold no thread, and are closed."""

import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import pytest

from refilld.api import connection
from refilld.api.server import GRACE, THREADS
from tests.refilld.api.test_connections import MAX_WAIT, connect, get, is_closed, serving

REQUEST = b"GET /large HTTP/1.1\r\nHost:\r\n\r\n"
IN_ONE_PACKET = 8192 // len(REQUEST)
ANSWER = b"x" * 300_000


def large(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


def test_clients_that_read_no_answer_hold_no_thread() -> None:
    """As many as there are threads, each with a packet full of requests."""
    with ExitStack() as crowd, serving(large) as server:
        for _ in range(THREADS):
            crowd.enter_context(connect(server)).sendall(REQUEST * IN_ONE_PACKET)
        began = monotonic()
        assert [get(server, "/") for _ in range(3)] == [200] * 3
        assert monotonic() - began < connection.QUEUE_SECONDS
        channels = list(server._server.active_channels.values())
        assert all(len(one.requests) <= 1 for one in channels)
        assert all(one.total_outbufs_len <= 2 * len(ANSWER) for one in channels)


def test_a_client_that_reads_no_answer_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Although its socket never becomes writable."""
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 0.2)
    with serving(large) as server, connect(server) as client:
        client.sendall(REQUEST * IN_ONE_PACKET)
        end, pause = monotonic() + MAX_WAIT, Event()
        while not server._server.active_channels:
            pause.wait(0.01)
        while server._server.active_channels:
            assert monotonic() < end
            pause.wait(0.01)


def test_a_stop_waits_no_longer_for_clients_that_read_nothing() -> None:
    """A second after they last read something, while no request runs."""
    answer = ANSWER * 30  # more than sockets hold

    def larger(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", str(len(answer)))])
        return [answer]

    with serving(larger) as server, connect(server) as client:
        client.sendall(REQUEST)
        client.recv(1000)
        began = monotonic()
        server.stop()
        assert monotonic() - began < GRACE


def test_requests_in_one_packet_are_answered_in_their_order() -> None:
    """A client that reads gets all answers, of those with a body too, and whatever follows."""

    def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["PATH_INFO"].encode() + environ["wsgi.input"].read()
        start("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    expected = [b"/%d%s" % (number, b"abc" * (number % 2)) for number in range(50)]
    with serving(echo) as server, connect(server) as client:
        client.sendall(
            b"\r\n".join(
                b"POST /%d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s"
                % (number, 3 * (number % 2), b"abc" * (number % 2))
                for number in range(50)
            )
        )
        client.shutdown(socket.SHUT_WR)
        answers = client.makefile("rb").read().replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
        assert is_closed(client)
    assert [one.split(b"\r\n\r\n")[1] for one in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]] == expected
