"""The sender of webhooks, against real servers: only to allowed addresses, with TLS, and never for long."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from email.utils import format_datetime
from functools import cache
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any

import pytest
import trustme

from monitor.webhooks.address import Address, AllowedHosts, parse_allowed
from monitor.webhooks.verdict import WebhookAnswer
from refilld.webhook_sender.sender import LONGEST_RESPONSE, HttpWebhookSender, resolve
from tests.builders import START as NOW
from tests.refilld.webhook_receiver import Receiver, Reply, receiving

LOOPBACK = parse_allowed(["127.0.0.0/8"])
HOME: Address = ip_address("127.0.0.1")
SHORT = timedelta(seconds=0.6)


@cache
def authority() -> trustme.CA:
    return trustme.CA()


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


def sender(allowed: AllowedHosts = LOOPBACK, *addresses: str, **changes: Any) -> HttpWebhookSender:
    """A sender for which every name has these addresses."""
    found = [ip_address(one) for one in addresses or ("127.0.0.1",)]
    standard: dict[str, Any] = {"resolve": lambda _host, _port: found, "deadline": timedelta(seconds=5)}
    return HttpWebhookSender(allowed, lambda: NOW, **(standard | changes))


def send(url: str, using: HttpWebhookSender | None = None) -> WebhookAnswer:
    return (using or sender()).send(url, {"webhook-id": "evt_1"}, b'{"a":1}')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def test_exactly_these_bytes_arrive_with_host_port_and_headers(receiver: Receiver) -> None:
    answer = send(receiver.url("/hook?a=%20b", host="hooks.test"))
    (request,) = receiver.requests
    assert (answer.status, answer.error, answer.accepted) == (200, "", True)
    assert (request.path, request.body) == ("/hook?a=%20b", b'{"a":1}')
    assert request.headers["host"] == f"hooks.test:{receiver.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "evt_1"
    assert not {name for name in request.headers if name.startswith(("x-", "via", "authorization", "cookie"))}


def test_a_redirect_is_a_failure_and_is_not_followed(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(302, {"Location": receiver.url("/other")})
    answer = send(receiver.url())
    assert (answer.status, answer.error) == (302, "status 302; redirects are not followed")
    assert [request.path for request in receiver.requests] == ["/hook"]


def test_variables_of_a_proxy_are_ignored(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name itself."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(receiver.url()).status == 200


# Addresses


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "169.254.169.254"), ("::1",), ("fe80::1",)])
def test_nothing_is_sent_to_a_host_with_an_address_that_is_not_public(addresses: tuple[str, ...]) -> None:
    answer = send("https://hooks.test/", sender(AllowedHosts(), *addresses))
    assert answer.status is None
    assert answer.error.endswith("of hooks.test is not public; webhooks.allow can allow it")


@pytest.mark.parametrize("host", ["0x7f.1", "127.1", "2130706433", "0177.0.0.1", "localhost", "[::1]", "0"])
def test_other_ways_to_write_loopback_are_seen_through(host: str) -> None:
    """By what the system resolves them to."""
    assert "is not public" in send(f"https://{host}/", sender(AllowedHosts(), resolve=resolve)).error


def test_a_second_answer_of_the_name_server_leads_nowhere(receiver: Receiver) -> None:
    """The name is resolved once for an attempt, and the connection goes to that address."""
    answers = iter([[HOME], [ip_address("10.0.0.1")]])
    using = sender(resolve=lambda _host, _port: next(answers))
    assert send(receiver.url(host="hooks.test"), using).status == 200
    assert send(receiver.url(host="hooks.test"), using).status is None
    assert len(receiver.requests) == 1


def test_an_address_that_does_not_answer_is_followed_by_the_next(receiver: Receiver) -> None:
    """As browsers do where IPv6 does not work."""
    answer = send(receiver.url(host="hooks.test"), sender(LOOPBACK, "127.0.0.2", "127.0.0.1"))
    assert answer.status == 200


def test_a_name_that_cannot_be_resolved_is_an_error_in_words() -> None:
    def unknown(_host: str, _port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    answer = send("https://hooks.test/", sender(resolve=unknown))
    assert answer.error == "the name of the host cannot be resolved: Name or service not known"


def test_a_slow_name_server_does_not_hold_a_thread() -> None:
    release = Event()
    using = sender(resolve=lambda _host, _port: [HOME] if release.wait(9) else [], deadline=SHORT)
    answer = send("https://hooks.test/", using)
    release.set()
    assert answer.error == "the name of the host was not resolved in time"
    assert answer.duration < 3 * SHORT


# TLS


def test_tls_is_verified_with_the_name_of_the_host() -> None:
    """Although the connection goes to an address."""
    with receiving(authority()) as receiver:
        using = sender(context=trusting())
        right, wrong = receiver.url("/", "https", "hooks.test"), receiver.url("/", "https", "other.test")
        assert send(right, using).status == 200
        assert "mismatch" in send(wrong, using).error or "doesn't match" in send(wrong, using).error
        assert send(right, using).status == 200
        assert "self-signed" in send(right).error or "unable to get local issuer" in send(right).error
        assert [request.headers["host"] for request in receiver.requests] == [
            f"hooks.test:{receiver.port}"
        ] * 2


def test_an_address_in_the_url_needs_a_certificate_of_that_address() -> None:
    with receiving(authority(), "127.0.0.1") as receiver:
        assert send(receiver.url("/", "https"), sender(context=trusting())).status == 200
    with receiving(authority()) as receiver:
        assert send(receiver.url("/", "https"), sender(context=trusting())).status is None


def test_plain_http_on_a_tls_port_is_a_short_error(receiver: Receiver) -> None:
    assert send(receiver.url("/", "https")).error == "TLS: wrong version number"


# Deadlines


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does what it is told with each connection; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError), listener.accept()[0] as connection:
                serve(connection)

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)


def drip(begin: bytes, part: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(begin)
        for _ in range(100):
            connection.sendall(part)
            Event().wait(0.05)

    return serve


@pytest.mark.parametrize(
    ("scheme", "begin"),
    [
        ("http", b""),
        ("http", b"HTTP/1.1 200 OK\r\nX-Slow: "),
        ("http", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Slow: "),
        ("https", b"\x16\x03\x03\x40\x00"),
    ],
)
def test_a_dripping_answer_is_cut_off_by_the_clock(scheme: str, begin: bytes) -> None:
    """Byte by byte, before or within the headers, or in the handshake of TLS: no read is ever late."""
    with raw_server(drip(begin, b"a" if scheme == "http" else b"\x02")) as port:
        answer = send(f"{scheme}://127.0.0.1:{port}/", sender(deadline=SHORT))
    assert (answer.status, answer.error) == (None, "no answer within 0.6 s")
    assert answer.duration < 3 * SHORT


def test_a_body_that_never_ends_does_not_undo_the_status() -> None:
    """The endpoint has accepted the message; its thread is free after the deadline."""
    begin = b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    for head in begin:
        with raw_server(drip(head, b"x")) as port:
            answer = send(f"http://127.0.0.1:{port}/", sender(deadline=SHORT))
        assert (answer.accepted, answer.error) == (True, "")
        assert answer.duration < 3 * SHORT


def test_a_silent_endpoint_is_cut_off() -> None:
    def keep_silent(connection: socket.socket) -> None:
        connection.recv(9)
        Event().wait(1)

    with raw_server(keep_silent) as port:
        assert send(f"http://127.0.0.1:{port}/", sender(deadline=SHORT)).error == "no answer within 0.6 s"


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n"])
def test_no_answer_or_nonsense_is_an_error_in_words(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with raw_server(serve) as port:
        found = send(f"http://127.0.0.1:{port}/")
    assert found.status is None
    assert found.error.startswith("no valid answer: ")


def test_a_refused_connection_is_an_error_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/").error == "cannot connect: Connection refused"


# What is kept of an answer


def test_a_large_answer_is_not_read_to_its_end() -> None:
    """At most 64 kB of it, and decompressed never."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while True:
            connection.sendall(b"\x1f\x8b" * 50_000)

    with raw_server(serve) as port:
        answer = send(f"http://127.0.0.1:{port}/")
    assert answer.accepted
    assert answer.duration < timedelta(seconds=4)
    assert len(answer.response) <= 6 * LONGEST_RESPONSE


def test_the_beginning_of_an_answer_is_kept_escaped(receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(500, body=b"no\n\x1b[31m\x00\xff<b>" + b"x" * 1000)
    answer = send(receiver.url())
    assert answer.response.startswith("no\\n\\u001b[31m\\u0000\\xff<b>xxx")
    assert answer.response.isprintable()
    assert len(answer.response) < 2 * LONGEST_RESPONSE


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0),
        ("-1", None),
        ("soon", None),
        ("١٢", None),
        ("9" * 5000, 999_999_999),
        ("Thu, 01 Jan 2026 00:00:00 +99999999999999999", None),
        ("Thu, 01 Jan 2026 99999999999999999999:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(receiver: Receiver, text: str, seconds: int | None) -> None:
    """Anything else is no Retry-After."""
    receiver.reply = lambda _: Reply(503, {"Retry-After": text.encode().decode("latin-1")})
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert send(receiver.url()).retry_after == expected
