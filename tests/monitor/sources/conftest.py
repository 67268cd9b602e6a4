"""One stand-in for all tests, with scripted answers for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from monitor.model.link import Link
from monitor.model.snapshot import Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.contract import Reading
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import (
    START_PAGE,
    InstagramStandIn,
    account_answer,
    media,
    post_answer,
    profile_page,
)
from refilld.demo.tunnel import HttpAnswer

CODE = "C0deAAAAAAA"


@dataclass
class Script:
    """A world with one answer for each kind of request."""

    start: HttpAnswer = START_PAGE
    page: HttpAnswer = field(default_factory=lambda: profile_page("natgeo", 1234))
    by_id: HttpAnswer = field(default_factory=lambda: account_answer(None))
    query: HttpAnswer = field(default_factory=lambda: post_answer(media(CODE, likes=100, plays=9001)))

    def start_page(self) -> HttpAnswer:
        return self.start

    def profile(self, username: str) -> HttpAnswer:
        return self.page

    def account(self, user_id: str) -> HttpAnswer:
        return self.by_id

    def post(self, shortcode: str) -> HttpAnswer:
        return self.query


@pytest.fixture(scope="session")
def running() -> Iterator[InstagramStandIn]:
    with InstagramStandIn(Script()) as standin:
        yield standin


@pytest.fixture
def standin(running: InstagramStandIn, monkeypatch: pytest.MonkeyPatch) -> InstagramStandIn:
    """A reset stand-in, with the environment variables that point to it."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    running.forget()
    return running


@pytest.fixture
def script(standin: InstagramStandIn) -> Script:
    """The answers of the stand-in in this test."""
    standin.world = script = Script()
    return script


@pytest.fixture
def source() -> InstaloaderSource:
    return InstaloaderSource(timeout=5)


@pytest.fixture
def read(source: InstaloaderSource, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Reading]]:
    """Read a metric of the scripted profile or post; nothing may be printed."""

    def read(metric: Metric, key: str | None = None, now: datetime | None = None) -> Reading:
        link = Link(metric.counted_on, key or ("natgeo" if metric is Metric.FOLLOWERS else CODE))
        return source.read([Target(link, metric)], now or datetime(2026, 11, 23, 12, tzinfo=UTC))

    yield read
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def look(read: Callable[..., Reading]) -> Callable[..., Snapshot]:
    """Like `read`; returns the snapshot."""
    return lambda *args, **kwargs: read(*args, **kwargs).snapshots[0]
