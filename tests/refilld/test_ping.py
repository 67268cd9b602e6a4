"""The dead-man ping: sent while all is well, and as a failure when it is not; it blocks nobody."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from refilld.daemon.ping import Ping
from tests.refilld.cli_world import cli_world
from tests.refilld.receiver import (
    DRIPPED_BODY,
    DRIPPED_HEADERS,
    ENDLESS_BODY,
    ENDLESS_HEADERS,
    Answer,
    a_receiver,
)

EVERY = timedelta(minutes=1)


@dataclass
class Watcher:
    """The outside service: its address, its answer, and what it was asked."""

    url: str = ""
    status: int = 200
    asked: Queue[tuple[str, str]] = field(default_factory=Queue)
    answers: Event = field(default_factory=Event)

    def next(self) -> tuple[str, str]:
        return self.asked.get(timeout=10)


@contextmanager
def a_watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    watcher.answers.set()

    class _Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            watcher.asked.put((self.path, body))
            watcher.answers.wait(10)
            self.send_response(watcher.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        watcher.url = f"http://127.0.0.1:{server.server_port}/s3cret-uuid"
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield watcher
        watcher.answers.set()
        server.shutdown()


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with a_watcher() as watcher:
        yield watcher


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_ping_is_sent_at_most_once_in_its_interval(watcher: Watcher) -> None:
    clock = Clock()
    ping = Ping(watcher.url, EVERY, clock)
    for clock.now in (1000.0, 1059.9, 1060.0):
        ping.report("")
        if clock.now != 1059.9:
            assert watcher.next() == ("/s3cret-uuid", "")
            ping.wait()
    assert watcher.asked.empty()


def test_a_start_is_reported_before_the_first_round(watcher: Watcher) -> None:
    ping = Ping(watcher.url, EVERY, Clock())
    ping.started()
    ping.wait()
    ping.report("")
    assert [watcher.next(), watcher.next()] == [("/s3cret-uuid/start", ""), ("/s3cret-uuid", "")]
    ping.wait()


@pytest.mark.parametrize("fault", [False, True])
def test_a_single_round_reports_its_start_and_its_result(
    watcher: Watcher, tmp_path: Path, *, fault: bool
) -> None:
    """`refilld run --once`, as cron runs it; here a table is missing that a job needs."""
    with cli_world(tmp_path) as cli:
        if fault:
            with cli.world.database.write() as tx:
                tx.exec_driver_sql("DROP TABLE self_checks")
        enabled = {"REFILLD_SOURCES__INSTALOADER__ENABLED": "true"}
        done = cli.main("run", "--once", REFILLD_ALERTS__PING_URL=watcher.url, **enabled)
    assert done.returncode == int(fault)
    assert watcher.next() == ("/s3cret-uuid/start", "")
    result = ("/s3cret-uuid/fail", "failed: self_check") if fault else ("/s3cret-uuid", "")
    assert watcher.next() == result


def test_a_fault_is_reported_at_once_and_so_is_its_end(watcher: Watcher) -> None:
    """With what is wrong, under /fail."""
    ping = Ping(f"{watcher.url}?a=1", EVERY, Clock())
    for faults, asked in (
        ("", ("/s3cret-uuid?a=1", "")),
        ("no progress: sampling", ("/s3cret-uuid/fail?a=1", "no progress: sampling")),
        ("", ("/s3cret-uuid?a=1", "")),
    ):
        ping.report(faults)
        assert watcher.next() == asked
        ping.wait()


def test_a_service_that_does_not_answer_blocks_nobody(watcher: Watcher) -> None:
    """Reports return at once; there is one request at a time."""
    watcher.answers.clear()
    clock = Clock()
    ping = Ping(watcher.url, EVERY, clock)
    ping.report("")
    watcher.next()
    clock.now += 100
    ping.report("")
    assert watcher.asked.empty()
    watcher.answers.set()
    ping.wait()
    ping.report("")
    assert watcher.next() == ("/s3cret-uuid", "")
    ping.wait()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, "it answered with a redirect (302), which is not followed"),
        (404, "status 404"),
        (500, "status 500"),
    ],
)
def test_a_refused_ping_is_logged_once_and_redirects_are_not_followed(
    watcher: Watcher, status: int, error: str
) -> None:
    """Without its URL."""
    watcher.status = status
    clock = Clock()
    ping = Ping(watcher.url, EVERY, clock)
    with capture_logs() as logs:
        for clock.now in (1000.0, 2000.0):
            ping.report("")
            assert watcher.next() == ("/s3cret-uuid", "")
            ping.wait()
    assert [(line["event"], line["error"]) for line in logs] == [("ping.failed", error)]
    assert watcher.asked.empty()


def test_an_unreachable_service_is_logged_without_its_url() -> None:
    with capture_logs() as logs:
        ping = Ping("http://127.0.0.1:1/s3cret-uuid", EVERY)
        ping.report("")
        ping.wait()
    assert "s3cret" not in repr(logs)
    assert [line["event"] for line in logs] == ["ping.failed"]


@pytest.mark.parametrize("answer", [DRIPPED_HEADERS, ENDLESS_HEADERS])
def test_a_ping_whose_answer_does_not_end_blocks_no_later_one(answer: Answer) -> None:
    with a_receiver(answer) as receiver, capture_logs() as logs:
        clock = Clock()
        ping = Ping(receiver.address("http"), EVERY, clock, answer_seconds=0.2)
        for clock.now in (1000.0, 2000.0):
            ping.report("")
            ping.wait()
            assert not ping._thread.is_alive()
    assert len(receiver.requests) == 2
    assert [line["event"] for line in logs] == ["ping.failed"]


@pytest.mark.parametrize("answer", [DRIPPED_BODY, ENDLESS_BODY])
def test_the_body_of_the_answer_to_a_ping_is_not_read(answer: Answer) -> None:
    """The status says all; a body may have any size."""
    with a_receiver(answer) as receiver, capture_logs() as logs:
        ping = Ping(receiver.address("http"), EVERY)
        ping.report("")
        ping.wait()
        assert not ping._thread.is_alive()
    assert logs == []


def test_without_a_url_nothing_is_sent() -> None:
    ping = Ping("", EVERY)
    ping.report("")
    assert not ping._thread.is_alive()
