"""Network faults are transient; requests and answers are bounded."""

import gzip
import socket
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from urllib3.util import connection

from monitor.model.link import Link, LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources import bounded_io
from monitor.sources.contract import Reading
from monitor.sources.graph.source import GraphSource
from refilld.demo.graph import GraphStandIn
from refilld.demo.graph_answers import discovery
from refilld.demo.tunnel import HttpAnswer, Mishap
from tests.monitor.sources.graph.graph_world import NOW, post, profile

GOOD = discovery({"username": "natgeo", "followers_count": 5})
MIB = 1024 * 1024


@pytest.mark.parametrize("mishap", [Mishap.DROP, Mishap.CUT])
def test_a_dropped_connection_is_a_transient_fault_and_not_retried(
    script: Callable[..., None], standin: GraphStandIn, read: Callable[..., Reading], mishap: Mishap
) -> None:
    """The failed request is counted."""
    script(replace(GOOD, mishap=mishap))
    reading = read(profile())
    assert (reading.snapshots[0].outcome, reading.requests) == (Outcome.TRANSIENT, 1)
    assert len(standin.requests) == 1


def test_a_request_without_an_answer_ends_after_the_timeout(
    script: Callable[..., None], source: GraphSource, read: Callable[..., Reading]
) -> None:
    """Twenty seconds by default."""
    assert source._timeout == 20
    source._timeout = 0.2
    script(HttpAnswer(mishap=Mishap.STALL))
    began = monotonic()
    assert read(profile()).snapshots[0].outcome is Outcome.TRANSIENT
    assert monotonic() - began < 2


def test_a_closed_port_is_a_transient_fault(
    look: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on the proxy's port."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        assert look(profile()).outcome is Outcome.TRANSIENT


@pytest.mark.parametrize(
    "proxy", ["http://me:hush@:x", "http://me:hush@[", "hush://me:hush@127.0.0.1:1", "http://"]
)
def test_an_invalid_proxy_is_a_transient_fault_and_its_password_is_not_shown(
    look: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """The address of a proxy may contain a password."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    seen = look(profile())
    assert (seen.outcome, "me:hush" in seen.detail) == (Outcome.TRANSIENT, False)


def test_an_untrusted_certificate_gets_no_token(
    standin: GraphStandIn,
    look: Callable[..., Snapshot],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A man-in-the-middle attack fails before the request."""
    other = tmp_path_factory.mktemp("authority") / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    seen = look(profile())
    assert (seen.outcome, standin.requests) == (Outcome.TRANSIENT, ())
    assert "CERTIFICATE_VERIFY_FAILED" in seen.detail


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(b" " * (9 * MIB)),
        HttpAnswer(gzip.compress(b" " * (64 * MIB)), headers=(("Content-Encoding", "gzip"),)),
        HttpAnswer(b" " * (9 * MIB), 302, (("Location", "https://graph.facebook.com/x"),)),
        HttpAnswer(b" " * (9 * MIB), 400),
    ],
    ids=["large", "large when unpacked", "a large redirect", "a large refusal"],
)
def test_an_answer_that_is_too_large_is_aborted(
    script: Callable[..., None], look: Callable[..., Snapshot], answer: HttpAnswer
) -> None:
    """At eight mebibytes."""
    script(answer)
    seen = look(profile())
    assert (seen.outcome, "larger than" in seen.detail) == (Outcome.TRANSIENT, True)


def test_a_slow_answer_is_aborted(
    script: Callable[..., None], look: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body may take a minute; here the minute is over at once."""
    monkeypatch.setattr(bounded_io, "LONGEST_ANSWER", -1.0)
    script(GOOD)
    seen = look(profile())
    assert (seen.outcome, "took longer" in seen.detail) == (Outcome.TRANSIENT, True)


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(b"\xff\xfe", headers=(("Content-Encoding", "gzip"),)),
        HttpAnswer("no length\r\n", headers=(("Transfer-Encoding", "chunked"),)),
        replace(GOOD, headers=tuple((f"X-{number}", "1") for number in range(300))),
        replace(GOOD, headers=(("X", "y" * 70_000),)),
        replace(GOOD, headers=(("Content-Length", "5"),)),
    ],
    ids=["not gzip", "not chunked", "300 headers", "a header of 70 kB", "two lengths"],
)
def test_broken_http_is_a_transient_fault(
    script: Callable[..., None], look: Callable[..., Snapshot], answer: HttpAnswer
) -> None:
    """Errors of the HTTP libraries are caught."""
    script(answer)
    assert look(profile()).outcome is Outcome.TRANSIENT


def test_a_compressed_answer_is_read(script: Callable[..., None], look: Callable[..., Snapshot]) -> None:
    """Graph compresses its answers; the count is the same."""
    body = GOOD.body if isinstance(GOOD.body, bytes) else GOOD.body.encode()
    script(HttpAnswer(gzip.compress(body), headers=(("Content-Encoding", "gzip"),)))
    assert look(profile()).count == 5


def test_pages_share_a_connection_that_is_closed_after_the_look(
    script: Callable[..., None], read: Callable[..., Reading], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One TLS handshake per look."""
    opened: list[object] = []
    connect = connection.create_connection

    def count_connection(*args: Any, **kwargs: Any) -> socket.socket:
        opened.append(args)
        return connect(*args, **kwargs)

    monkeypatch.setattr(connection, "create_connection", count_connection)
    page = {"username": "natgeo", "media": {"data": [{}], "paging": {"cursors": {"after": "A"}}}}
    script(discovery(page), discovery(page))
    assert (read(post("ReelAAAAAAA")).requests, len(opened)) == (2, 1)


HOSTILE = [
    "a){id}",
    "nat,geo",
    "a b",
    "../x",
    "a?x=1",
    "a&b",
    "a{",
    "a\n",
    "",
    "x" * 31,
    "é",
    "a%29",
    ".a",
    "a..b",
    "p",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_invalid_name_is_not_requested(
    standin: GraphStandIn, source: GraphSource, read: Callable[..., Reading], name: str
) -> None:
    """The name of the profile, its present username, or the name of an owner."""
    targets = [Target(Link(LinkKind.PROFILE, name), Metric.FOLLOWERS), post("ReelAAAAAAA", owner=name)]
    if name:
        targets.append(profile(username_now=name))
    for target in targets:
        assert source.request_key(target) is None
        assert read(target).snapshots[0].outcome is Outcome.SCHEMA
    assert standin.requests == ()


@pytest.mark.parametrize("code", ["", "a", "a" * 41, "ab{cde", "abc de", "abcdé", "abcde\n"])
def test_an_invalid_shortcode_is_not_requested(source: GraphSource, code: str) -> None:
    """No list of media could contain it."""
    assert source.request_key(post(code)) is None


def test_only_the_field_expression_is_requested(standin: GraphStandIn, read: Callable[..., Reading]) -> None:
    """Only with the fields that the targets need."""
    read(profile())
    read(post("ReelAAAAAAA"))
    fields = [parse_qs(urlsplit(asked.path).query) for asked in standin.requests]
    medium = "shortcode,permalink,media_type,media_product_type,like_count,view_count"
    assert fields == [
        {"fields": ["business_discovery.username(natgeo){username,followers_count}"]},
        {
            "fields": [
                f"business_discovery.username(natgeo){{username,media_count,media.limit(100){{{medium}}}}}"
            ]
        },
    ]
    assert {(asked.method, asked.host) for asked in standin.requests} == {("GET", "graph.facebook.com")}


def test_snapshots_have_the_time_of_the_look(source: GraphSource, standin: GraphStandIn) -> None:
    """The time is the given parameter."""
    assert {snapshot.at for snapshot in source.read([profile()], NOW).snapshots} == {NOW}
