"""Dead-man ping: an outside service notices when the daemon falls silent (healthchecks.io and the like)."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from urllib.parse import urlsplit, urlunsplit

import requests
import structlog

from refilld.http_limits import limited_answers

log = structlog.get_logger()
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""Longest time for the whole answer."""


class Ping:
    """Tells an outside service that the daemon is well, or that it is not.

    Each request has a thread of its own, so the caller never waits. The URL is a secret and is never logged.
    """

    def __init__(
        self,
        url: str,
        every: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Without a URL every call does nothing."""
        self._url = url
        self._every = every.total_seconds()
        self._monotonic = monotonic
        self._answer_seconds = answer_seconds
        self._last: tuple[bool, float] | None = None
        self._thread = Thread()
        self._failing = False

    def report(self, faults: str) -> None:
        """Report that all is well, or these faults; at most once in the interval unless that has changed."""
        well, now = not faults, self._monotonic()
        if not self._url or self._thread.is_alive():
            return
        if self._last is not None and self._last[0] is well and now - self._last[1] < self._every:
            return
        self._last = (well, now)
        self._send_later("" if well else "fail", faults)

    def started(self) -> None:
        """Tell that the process has started its work."""
        if self._url:
            self._send_later("start", "")

    def wait(self) -> None:
        """Wait until the last request has its answer, or has taken too long."""
        if self._thread.is_alive():
            self._thread.join(CONNECT_SECONDS + self._answer_seconds)

    def _send_later(self, signal: str, body: str) -> None:
        self._thread = Thread(target=self._send, args=(signal, body), daemon=True, name="ping")
        self._thread.start()

    def _send(self, signal: str, body: str) -> None:
        url = _with_signal(self._url, signal) if signal else self._url
        with limited_answers(self._answer_seconds) as limits:
            try:
                error = self._post(url, body)
            except requests.RequestException as problem:
                error = limits.problem or type(problem).__name__  # its text holds the URL
        if error and not self._failing:
            log.warning("ping.failed", error=error)
        self._failing = bool(error)

    def _post(self, url: str, body: str) -> str:
        """Send, and return the answer if it is an error; its body is not read."""
        timeout = (CONNECT_SECONDS, self._answer_seconds)
        with requests.post(url, data=body.encode(), timeout=timeout, stream=True) as answer:
            return "" if answer.ok else f"status {answer.status_code}"


def _with_signal(url: str, signal: str) -> str:
    """The address that reports a start or a failure."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{signal}"))
