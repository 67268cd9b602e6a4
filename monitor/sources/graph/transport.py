"""The HTTP transport to Graph: one session per look; counts requests, no redirects, no retries."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase

from monitor.model.snapshot import Outcome
from monitor.sources.bounded_io import body_of
from monitor.sources.contract import RateLimitHint
from monitor.sources.graph.error_mapping import NETWORK, refusal, unreachable
from monitor.sources.graph.query import Query
from monitor.sources.graph.rate_limit_headers import combined, rate_limit_hint
from monitor.sources.graph.response_schema import profile
from monitor.sources.read_result import ReadResult

HOST = "graph.facebook.com"
_HEADERS = {"Accept": "application/json", "User-Agent": "refilld"}


class _Bearer(AuthBase):
    """Sends the token in the header; with an auth object `requests` does not read ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoRedirects(Session):
    """Ignores redirects: even without following them, `requests` would read their bodies without a limit."""

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the base class's name
        """Return None: no redirect target."""
        return None


@dataclass(slots=True)
class GraphTransport:
    """Sends the requests of one look to one account's node; `close` it afterwards.

    Requests without an answer are counted, as they may have arrived.
    """

    node: str
    """API version and id of our own account: `v26.0/17841400000000000`."""
    token: str = field(repr=False)
    timeout: float
    """Seconds for connecting and for each read."""
    now: datetime
    sent: int = 0
    rate_limit: RateLimitHint = field(default_factory=RateLimitHint)
    """Combined rate limit hints of the answers so far."""
    _session: Session = field(default_factory=_NoRedirects, repr=False)

    def ask(self, query: Query, cursor: str) -> Mapping[str, Any] | ReadResult:
        """Request a profile and a page of its media; return the profile, or the error."""
        self.sent += 1
        try:
            with self._get(query.fields(cursor)) as answer:
                content = body_of(answer)
        except NETWORK as error:
            return unreachable(error)
        body = _json(content)
        refused = refusal(answer.status_code, body)
        throttled = refused is not None and refused.outcome is Outcome.RATE_LIMITED
        self.rate_limit = combined(
            self.rate_limit, rate_limit_hint(answer.headers, self.now), throttled=throttled
        )
        return refused or profile(body, query.username)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _get(self, fields: str) -> Response:
        return self._session.get(
            f"https://{HOST}/{self.node}",
            params={"fields": fields},
            auth=_Bearer(self.token),
            headers=_HEADERS,
            timeout=self.timeout,
            allow_redirects=False,
            stream=True,
        )


def _json(body: bytes) -> Any:
    """Parse JSON; None if it is invalid."""
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None
