"""The API of Prometheus Alertmanager (v2): sends incidents, and asks whether it is there."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.auth import HTTPBasicAuth

from jobs.channel_round import ChannelError
from monitor.alerts.incidents import Incident
from monitor.model.instants import rfc3339
from refilld.http_limits import limited_answers

DEADLINE = 10.0
"""Seconds for everything that one round sends."""
_LEAST = 0.1
MOST_INCIDENTS = 500
"""Incidents in one request."""


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """One Alertmanager. The token is read for each request, so it may change."""

    url: str
    username: str = ""
    token_file: Path | None = None

    def send(self, incidents: Sequence[Incident]) -> None:
        """Send incidents; raises ChannelError."""
        ends = time.monotonic() + DEADLINE
        for first in range(0, len(incidents), MOST_INCIDENTS):
            part = [_alert(one) for one in incidents[first : first + MOST_INCIDENTS]]
            self._request("POST", "alerts", part, ends - time.monotonic())

    def check(self) -> None:
        """Ask for its status; raises ChannelError if it does not answer well."""
        self._request("GET", "status", None, DEADLINE)

    def _request(self, method: str, path: str, body: object, seconds: float) -> None:
        if seconds < _LEAST:
            raise ChannelError("it takes too long")
        url = f"{self.url.rstrip('/')}/api/v2/{path}"
        with limited_answers(seconds) as limits, requests.Session() as session:
            session.trust_env = False
            try:
                self._authorize(session)
                answer = session.request(method, url, json=body, timeout=seconds, allow_redirects=False)
            except OSError as error:  # also what requests raises; its text may hold a secret of the URL
                raise ChannelError(limits.problem or _words(error)) from None
        if not answer.ok:
            raise ChannelError(f"it answered with status {answer.status_code}")

    def _authorize(self, session: requests.Session) -> None:
        if self.token_file is None:
            return
        secret = self.token_file.read_text().strip()
        if self.username:
            session.auth = HTTPBasicAuth(self.username.encode(), secret.encode())
        else:
            session.headers["Authorization"] = f"Bearer {secret}"


def _words(error: OSError) -> str:
    if isinstance(error, requests.ConnectionError):
        return "it cannot be reached"
    if isinstance(error, requests.RequestException):
        return type(error).__name__
    return f"the token cannot be read: {error.strerror}"


def _alert(incident: Incident) -> dict[str, object]:
    return {
        "labels": dict(incident.labels),
        "annotations": {"summary": incident.summary, "count": str(incident.count)},
        "startsAt": rfc3339(incident.starts_at),
        "endsAt": rfc3339(incident.ends_at),
    }
