"""The stand-in itself: which hosts it serves, and that it releases all resources."""

import gc
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from refilld.demo.instagram import (
    DOWN,
    LOGIN_WALL,
    RATE_LIMITED,
    DemoInstagram,
    InstagramStandIn,
    Post,
    Profile,
)
from refilld.demo.tunnel import HttpAnswer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CODE = "C0deAAAAAAA"


@pytest.fixture
def world(standin: InstagramStandIn) -> DemoInstagram:
    standin.world = world = DemoInstagram(lambda: NOW)
    return world


def test_every_other_host_is_refused(standin: InstagramStandIn, script: Any) -> None:
    """A program configured for the stand-in reaches no other host."""
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        requests.get("https://example.com/", timeout=5)
    assert standin.requests == ()


def test_the_simulated_counts_are_read_unchanged(world: DemoInstagram, look: Callable[..., Snapshot]) -> None:
    """Profiles and posts, missing, private and hidden ones."""
    world.profiles = {"natgeo": Profile(lambda at: at.hour), "shy": Profile(5, private=True)}
    world.posts = {
        CODE: Post(likes=10, plays=20),
        "hiddenAAAAA": Post(likes=10, plays=20, hidden=True),
        "pictureAAAA": Post(likes=10),
    }
    assert look(Metric.FOLLOWERS).count == 12
    assert look(Metric.FOLLOWERS, "shy").outcome is Outcome.PRIVATE
    assert look(Metric.FOLLOWERS, "nobody").outcome is Outcome.NOT_FOUND
    assert (look(Metric.LIKES).count, look(Metric.VIEWS).count) == (10, 20)
    assert {look(metric, "hiddenAAAAA").outcome for metric in (Metric.LIKES, Metric.VIEWS)} == {
        Outcome.HIDDEN
    }
    assert (look(Metric.LIKES, "pictureAAAA").count, look(Metric.VIEWS, "pictureAAAA").count) == (10, None)
    assert look(Metric.LIKES, "missingAAAA").outcome is Outcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("outage", "outcome"),
    [
        (RATE_LIMITED, Outcome.RATE_LIMITED),
        (DOWN, Outcome.TRANSIENT),
        (LOGIN_WALL, Outcome.LOGIN_REQUIRED),
    ],
)
def test_an_outage_is_an_answer_to_everything(
    world: DemoInstagram, look: Callable[..., Snapshot], outage: HttpAnswer, outcome: Outcome
) -> None:
    """For the duration of the outage."""
    world.profiles["natgeo"], world.posts[CODE] = Profile(5), Post(6, 7)
    world.outage = outage
    assert {look(metric).outcome for metric in Metric} == {outcome}
    world.outage = None
    assert [look(metric).count for metric in Metric] == [5, 6, 7]


def test_it_leaves_no_thread_no_file_and_no_output(script: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Also if clients disconnect, do not use TLS, or are connected at the end."""
    before = set(threading.enumerate())
    with InstagramStandIn(script) as own:
        port = int(own.environment["HTTPS_PROXY"].rpartition(":")[2])
        folder = Path(own.environment["REQUESTS_CA_BUNDLE"]).parent
        idle = socket.create_connection(("127.0.0.1", port))
        for words in (
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            b"CONNECT www.instagram.com:443 HTTP/1.1\r\n\r\nnot tls",
        ):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(words)
        unfinished = socket.create_connection(("127.0.0.1", port))
        unfinished.sendall(b"CONNECT www.instagram.com:443 HTTP/1.1\r\n\r\n")
        assert unfinished.recv(100).startswith(b"HTTP/1.1 200")
    idle.close()
    unfinished.close()
    gc.collect()
    assert set(threading.enumerate()) <= before
    assert not folder.exists()
    assert capfd.readouterr() == ("", "")


def test_it_keeps_only_the_newest_requests(
    script: Any, monkeypatch: pytest.MonkeyPatch, look: Callable[..., Snapshot]
) -> None:
    """A demo may run for days."""
    with InstagramStandIn(script, remember=2) as own:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)
        for _ in range(3):
            look(Metric.FOLLOWERS)
        assert len(own.requests) == 2
        own.forget()
        assert not own.requests
