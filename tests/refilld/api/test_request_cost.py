"""A request wakes no more threads than it needs."""

from collections.abc import Callable, Iterable
from contextlib import closing
from http.client import HTTPConnection
from threading import current_thread
from typing import Any

import pytest

from refilld.api.server import HttpServer
from refilld.api.trigger import Trigger

REQUESTS = 12


def ask(app: Callable[..., Iterable[bytes]]) -> None:
    """Send requests one after the other on one connection."""
    server = HttpServer(app, "127.0.0.1", 0)
    server.start()
    try:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as client:
            for _ in range(REQUESTS):
                client.request("GET", "/")
                assert client.getresponse().read() == b"done"
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
    """By the last idle one, or by the one before, if the next request comes while that one becomes idle."""
    names = set[str]()

    def named(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        names.add(current_thread().name)
        return done(environ, start)

    ask(named)
    assert len(names) <= 2
