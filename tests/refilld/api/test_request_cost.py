"""A request wakes no more threads than it needs."""

from collections.abc import Callable, Iterable
from contextlib import closing
from http.client import HTTPConnection
from threading import Event, current_thread
from time import monotonic
from typing import Any

import pytest

from refilld.api.server import HttpServer
from refilld.api.trigger import Trigger

REQUESTS = 12
MAX_WAIT = 20.0


def ask(app: Callable[..., Iterable[bytes]]) -> None:
    """Send requests on one connection, each when the server is done with the one before."""
    server, pause = HttpServer(app, "127.0.0.1", 0), Event()
    server.start()
    try:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as client:
            for _ in range(REQUESTS):
                client.request("GET", "/")
                assert client.getresponse().read() == b"done"
                end = monotonic() + MAX_WAIT
                while any(one.requests for one in list(server._server.active_channels.values())):
                    assert monotonic() < end
                    pause.wait(0.001)
    finally:
        server.stop()


def done(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Length", "4")])
    return [b"done"]


def test_an_answer_that_was_sent_whole_does_not_wake_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is woken when the server stops, and if the client closes before the last answer is done with."""
    woken = list[str]()
    monkeypatch.setattr(Trigger, "pull_trigger", lambda _self: woken.append(current_thread().name))
    ask(done)
    assert len(woken) <= 2


def test_requests_that_come_one_by_one_are_served_by_few_threads() -> None:
    """By the last idle one, or by one before it, if the next request comes while that one becomes idle."""
    names = set[str]()

    def named(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        names.add(current_thread().name)
        return done(environ, start)

    ask(named)
    assert len(names) <= REQUESTS // 3
