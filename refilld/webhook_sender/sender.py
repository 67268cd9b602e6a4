"""Sends messages to webhook endpoints: only to addresses that are allowed, and never for long.

The host is resolved once for each attempt. Nothing is sent if any of its addresses is not allowed, and the
connection goes to one of these addresses, so that a second answer of the name server cannot lead elsewhere.
Redirects and proxies are not used.
"""

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, TypeAlias

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from monitor.webhooks.address import Address, AllowedHosts, WebhookUrl, parse_url
from monitor.webhooks.verdict import WebhookAnswer
from refilld.timed_call import CallTimeoutError, TimedCall
from refilld.webhook_sender.cutoff import Cutoff, left

DEADLINE = timedelta(seconds=15)
"""Time for everything: name, connection, TLS, request and answer."""
CONNECT = 5.0
"""Seconds to connect to one address."""
MOST_ADDRESSES = 3
"""Addresses of a host that are tried."""
MOST_BYTES = 64 * 1024
"""Bytes of an answer that are read."""
LONGEST_RESPONSE = 500
"""Bytes of an answer that are kept."""
_LONGEST_ERROR = 200
Resolve: TypeAlias = Callable[[str, int], Sequence[Address]]


class _NoAnswerError(Exception):
    """There is no answer; the text says why, without secrets."""


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host; raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


@dataclass(frozen=True)
class HttpWebhookSender:
    """Sends over HTTP with urllib3."""

    allowed: AllowedHosts
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    resolve: Resolve = resolve
    deadline: timedelta = DEADLINE
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    """Trusts the certificates of the system, or of $SSL_CERT_FILE."""

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        """Send one message; never raises for what the network or the endpoint does."""
        start = time.monotonic()
        deadline = start + self.deadline.total_seconds()
        status, error, retry_after, response = None, "", None, b""
        try:
            parsed = parse_url(url)
            addresses = self._addresses(parsed, deadline)
            with self._answer(parsed, addresses, headers, body, deadline) as answer:
                status = answer.status
                retry_after = _retry_after(answer.headers.get("Retry-After"), self.clock())
                error = _failure(status)
                response = _beginning(answer)
        except (_NoAnswerError, HTTPError, OSError, ValueError) as problem:
            # what came after the status of an answer does not change it
            error = error if status is not None else self._words(problem, deadline)
        duration = timedelta(seconds=time.monotonic() - start)
        return WebhookAnswer(status, error, duration, retry_after, _escaped(response))

    def _addresses(self, url: WebhookUrl, deadline: float) -> Sequence[Address]:
        found = [url.literal] if url.literal else _within(deadline, lambda: self.resolve(url.host, url.port))
        refusal = self.allowed.refusal(url, found)
        if refusal or not found:
            raise _NoAnswerError(refusal or f"{url.host} has no address")
        return found[:MOST_ADDRESSES]

    @contextmanager
    def _answer(
        self,
        url: WebhookUrl,
        addresses: Sequence[Address],
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
    ) -> Iterator[HTTPResponse]:
        """The answer of the first address that can be connected to; cut off at the deadline."""
        sent = {"Host": url.authority, "User-Agent": "refilld", "Content-Type": "application/json", **headers}
        for last, address in enumerate(addresses, start=1 - len(addresses)):
            with Cutoff(deadline) as cutoff, self._pool(url, address, cutoff) as pool:
                try:
                    answer: Any = pool.urlopen(
                        "POST", url.target, body, sent, retries=False, redirect=False, assert_same_host=False,
                        timeout=Timeout(connect=min(CONNECT, left(deadline)), read=left(deadline)),
                        preload_content=False, decode_content=False,
                    )  # fmt: skip
                except (NewConnectionError, ConnectTimeoutError):
                    if last == 0:
                        raise
                    continue
                if time.monotonic() >= deadline:
                    answer.close()
                    raise _NoAnswerError(self._late)  # headers that were cut off look complete
                try:
                    yield answer
                finally:
                    answer.close()
                return

    def _pool(self, url: WebhookUrl, address: Address, cutoff: Cutoff) -> HTTPConnectionPool:
        """A pool for one connection to one address, with the name of the host for TLS."""
        if url.scheme == "http":
            plain = HTTPConnectionPool(str(address), url.port)
            plain.ConnectionCls = cutoff.connections(HTTPConnection)
            return plain
        pool = HTTPSConnectionPool(
            str(address), url.port, ssl_context=self.context, cert_reqs="CERT_REQUIRED",
            server_hostname=url.host, assert_hostname=url.host,
        )  # fmt: skip
        pool.ConnectionCls = cutoff.connections(HTTPSConnection)
        return pool

    @property
    def _late(self) -> str:
        return f"no answer within {self.deadline.total_seconds():g} s"

    def _words(self, problem: Exception, deadline: float) -> str:
        """Why there is no answer, without the URL."""
        if isinstance(problem, _NoAnswerError):
            words = str(problem)
        elif time.monotonic() >= deadline:
            words = self._late
        elif isinstance(problem, SSLError):
            words = f"TLS: {_tls_words(problem.args[0])}"
        elif isinstance(problem, NewConnectionError):
            words = f"cannot connect: {getattr(problem.__cause__, 'strerror', None) or 'no connection'}"
        elif isinstance(problem, ConnectTimeoutError):
            words = f"cannot connect within {CONNECT:g} s"
        else:
            words = f"no valid answer: {type(problem).__name__}"
        return _escaped(words.encode())[:_LONGEST_ERROR]


def _within(deadline: float, work: Callable[[], Sequence[Address]]) -> Sequence[Address]:
    """The addresses, if they are found before the deadline; the system's resolver has no limit of its own."""
    found: list[Address] = []
    try:
        TimedCall().run(lambda: found.extend(work()), left(deadline))
    except CallTimeoutError:
        raise _NoAnswerError("the name of the host was not resolved in time") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no valid name"
        raise _NoAnswerError(f"the name of the host cannot be resolved: {why}") from None
    return found


def _tls_words(problem: object) -> str:
    """Why there is no TLS connection."""
    verification = getattr(problem, "verify_message", "")
    reason = getattr(problem, "reason", None)
    return verification or (reason.lower().replace("_", " ") if isinstance(reason, str) else str(problem))


def _failure(status: int) -> str:
    """Why a status is no success; empty if it is one."""
    if 200 <= status < 300:  # noqa: PLR2004
        return ""
    return f"status {status}" + ("; redirects are not followed" if 300 <= status < 400 else "")  # noqa: PLR2004


def _beginning(answer: HTTPResponse) -> bytes:
    """The beginning of the body; the rest is read up to a limit, and dropped."""
    found, size = b"", 0
    while size < MOST_BYTES and (chunk := answer.read(4096, decode_content=False)):
        found += chunk[: LONGEST_RESPONSE - len(found)]
        size += len(chunk)
    return found


def _retry_after(text: str | None, now: datetime) -> timedelta | None:
    """The time that the endpoint asks for, in seconds or as a date; None if it is neither."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return timedelta(seconds=min(int(text.strip()[:9]), 10**9))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a number of a date may have any length
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta(0))


def _escaped(data: bytes) -> str:
    """Bytes as printable text."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
