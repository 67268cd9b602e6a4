"""All network faults are transient faults."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import trustme

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric
from monitor.sources.contract import Reading
from monitor.sources.instaloader.source import InstaloaderSource
from refilld.demo.instagram import InstagramStandIn, media, post_answer, profile_page
from refilld.demo.tunnel import HttpAnswer, Mishap

GOOD_PAGE = profile_page("natgeo", 5).body
GOOD_POST = post_answer(media("C0deAAAAAAA", likes=5, plays=5)).body


@pytest.mark.parametrize("mishap", [Mishap.DROP, Mishap.CUT])
def test_a_dropped_connection_is_a_transient_fault_and_not_retried(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading], mishap: Mishap
) -> None:
    """Before or during the answer, for the page, the start page and the query."""
    script.page = HttpAnswer(GOOD_PAGE, mishap=mishap)
    script.query = HttpAnswer(GOOD_POST, mishap=mishap)
    assert read(Metric.FOLLOWERS).snapshots[0].outcome is Outcome.TRANSIENT
    assert read(Metric.LIKES).snapshots[0].outcome is Outcome.TRANSIENT
    assert [asked.path for asked in standin.requests] == ["/natgeo/", "/", "/api/graphql"]


@pytest.mark.parametrize("mishap", [Mishap.DROP, Mishap.CUT])
def test_a_truncated_start_page_is_a_transient_fault(
    script: Any, read: Callable[..., Reading], mishap: Mishap
) -> None:
    """The failed request is counted."""
    script.start = HttpAnswer(script.start.body, mishap=mishap)
    reading = read(Metric.LIKES)
    assert (reading.snapshots[0].outcome, reading.requests) == (Outcome.TRANSIENT, 1)


def test_a_dropped_cookie_request_is_a_transient_fault(
    standin: InstagramStandIn, script: Any, read: Callable[..., Reading]
) -> None:
    """The library does not catch this error of `requests`."""
    first = HttpAnswer(script.start.body)
    answers = iter([first, HttpAnswer(mishap=Mishap.DROP)])
    script.start_page = lambda: next(answers)
    reading = read(Metric.LIKES)
    assert (reading.snapshots[0].outcome, reading.requests) == (Outcome.TRANSIENT, 2)


def test_a_truncated_refusal_is_a_transient_fault_or_the_refusal(
    script: Any, look: Callable[..., Snapshot]
) -> None:
    """The status of a truncated answer is valid."""
    body = json.dumps({"message": "x" * 100})
    script.page = HttpAnswer(body, 429, mishap=Mishap.CUT)
    assert look(Metric.FOLLOWERS).outcome is Outcome.RATE_LIMITED


@pytest.mark.parametrize("metric", [Metric.FOLLOWERS, Metric.LIKES])
def test_a_read_without_an_answer_ends_after_the_timeout(
    standin: InstagramStandIn,
    script: Any,
    read: Callable[..., Reading],
    source: InstaloaderSource,
    metric: Metric,
) -> None:
    """It is not repeated."""
    source._timeout = 0.2
    script.page = script.query = HttpAnswer(mishap=Mishap.STALL)
    began = monotonic()
    assert read(metric).snapshots[0].outcome is Outcome.TRANSIENT
    assert monotonic() - began < 2
    assert len(standin.requests) == (1 if metric is Metric.FOLLOWERS else 2)


def test_a_refused_connection_is_a_transient_fault(
    script: Any, look: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on the proxy's port."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert {look(metric).outcome for metric in Metric} == {Outcome.TRANSIENT}


def test_an_untrusted_certificate_is_a_transient_fault_and_no_request_is_sent(
    standin: InstagramStandIn,
    script: Any,
    look: Callable[..., Snapshot],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A man-in-the-middle attack fails before the request."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    seen = look(Metric.FOLLOWERS)
    assert (seen.outcome, standin.requests) == (Outcome.TRANSIENT, ())
    assert "CERTIFICATE_VERIFY_FAILED" in seen.detail or "SSLError" in seen.detail


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(b"\xff\xfe", headers=(("Content-Encoding", "gzip"),)),
        HttpAnswer("no length\r\n", headers=(("Transfer-Encoding", "chunked"),)),
        HttpAnswer(GOOD_PAGE, headers=tuple((f"X-{number}", "1") for number in range(300))),
        HttpAnswer(GOOD_PAGE, headers=(("X", "y" * 70_000),)),
    ],
    ids=["not gzip", "not chunked", "300 headers", "a header of 70 kB"],
)
def test_broken_http_is_a_transient_fault(
    script: Any, look: Callable[..., Snapshot], answer: HttpAnswer
) -> None:
    """Errors of the HTTP libraries are caught."""
    script.page = script.query = answer
    assert {look(metric).outcome for metric in Metric} == {Outcome.TRANSIENT}


def test_an_unknown_charset_raises_nothing(script: Any, look: Callable[..., Snapshot]) -> None:
    """The page is decoded with replacement characters if necessary."""
    script.page = HttpAnswer(GOOD_PAGE, headers=(("Content-Type", "text/html; charset=klingon"),))
    assert look(Metric.FOLLOWERS).outcome in {Outcome.COUNT, Outcome.SCHEMA}


def test_closing_a_stand_in_disconnects_waiting_clients(
    script: Any, monkeypatch: pytest.MonkeyPatch, read: Callable[..., Reading]
) -> None:
    """Idle connections included."""
    with InstagramStandIn(script) as own:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)
        assert read(Metric.FOLLOWERS).snapshots[0].count == 1234
    assert read(Metric.FOLLOWERS).snapshots[0].outcome is Outcome.TRANSIENT


def test_the_default_timeout_is_twenty_seconds() -> None:
    """The default of the library is five minutes."""
    assert InstaloaderSource()._timeout == 20
