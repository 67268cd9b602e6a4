"""The way to Graph: one session for one look, each request counted, nothing followed or tried again."""

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
    """Puts the token into the header; being asked for it, `requests` looks into no ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _NoRedirects(Session):
    """Goes nowhere else: even unfollowed, `requests` would read a redirect's body without bounds."""

    def get_redirect_target(self, resp: Response) -> str | None:  # noqa: ARG002 - the base class's name
        """Say that no answer leads elsewhere."""
        return None


@dataclass(slots=True)
class GraphTransport:
    """Asks one account's node for fields, within one look; `close` it after that.

    The count is of requests begun: one that got no answer may have arrived all the same.
    """

    node: str
    """Version and id of the account that asks: `v26.0/17841400000000000`."""
    token: str = field(repr=False)
    timeout: float
    """Seconds, for connecting and for each wait for data."""
    now: datetime
    sent: int = 0
    rate_limit: RateLimitHint = field(default_factory=RateLimitHint)
    """What the answers so far said of the limits."""
    _session: Session = field(default_factory=_NoRedirects, repr=False)

    def ask(self, query: Query, cursor: str) -> Mapping[str, Any] | ReadResult:
        """Ask for a profile and a page of its media; returns the profile, or why there is none."""
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
        """Leave no connection idling until the next look."""
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
    """Read JSON; None where it is none, which is no answer to anything either."""
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None
