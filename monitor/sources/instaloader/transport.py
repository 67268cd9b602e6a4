"""The library's way to the network: silent, without waits of its own, every request counted."""

from datetime import datetime
from typing import Any

from instaloader import InstaloaderContext, RateController
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.exceptions import TooManyRedirects

from monitor.sources.bounded_io import body_of

_REDIRECTS = [301, 302, 303, 307, 308]


class _NoAuth(AuthBase):
    """Says nothing; being asked, `requests` looks for no password in ~/.netrc."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class InstaloaderTransport(HTTPAdapter):
    """Sends what the library asks for, counts it, and keeps the last answer of a look.

    The count is of requests begun: one that got no answer may have arrived all the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.answer: Response | None = None
        """The last request's answer; None before it and while there is none."""

    def begin(self) -> None:
        """Start a new look."""
        self.sent = 0
        self.answer = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request, unless the last answer pointed elsewhere: redirects are not followed."""
        if self.answer is not None and self.answer.is_redirect:
            raise TooManyRedirects("a redirect ends the look", response=self.answer)
        self.sent += 1
        self.answer = None
        self.answer = super().send(request, *args, **kwargs)
        self.answer._content = body_of(self.answer)  # noqa: SLF001  # where `requests` keeps what it has read
        self.answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return self.answer


class NoWaitRateController(RateController):
    """Holds nothing back and never sleeps: the budget is kept outside, where it survives a restart."""

    def wait_before_query(self, query_type: str) -> None:
        """Do not wait."""

    def handle_429(self, query_type: str) -> None:
        """Do not wait; with a single attempt the library never asks."""

    def sleep(self, secs: float) -> None:
        """Do not sleep."""


class SilentContext(InstaloaderContext):
    """A context, anonymous at first: one attempt a request, no redirects, nothing printed.

    All requests leave through `wire`. Three public methods suffice for that: pages and tokens use the
    sessions of `get_anonymous_session`, a login's is made by `load_session`, and the short-lived sessions
    of queries pass through `get_json`.
    """

    def __init__(self, timeout: float, opened: datetime, wire: InstaloaderTransport | None = None) -> None:
        self.opened = opened
        self.wire = wire or InstaloaderTransport()  # first, because the parent opens a session at once
        super().__init__(
            sleep=False,
            quiet=True,
            max_connection_attempts=1,
            request_timeout=timeout,
            rate_controller=NoWaitRateController,
            fatal_status_codes=_REDIRECTS,
            iphone_support=False,
        )

    def get_anonymous_session(self) -> Session:
        """Open a session that leaves through the wire."""
        return self._wired(super().get_anonymous_session())

    def load_session(self, username: str, sessiondata: dict[str, str]) -> None:
        """Send the cookies of a login along with all queries from now on."""
        super().load_session(username, sessiondata)  # type: ignore[no-untyped-call]
        self._wired(self._session)

    def get_json(
        self,
        path: str,
        params: dict[str, Any],
        host: str = "www.instagram.com",
        session: Session | None = None,
        response_headers: dict[str, Any] | None = None,
        use_post: bool = False,
    ) -> dict[str, Any]:
        """Send a query through the wire."""
        wired = None if session is None else self._wired(session)
        return super().get_json(path, params, host, wired, response_headers, use_post)

    def _wired(self, session: Session) -> Session:
        session.auth = _NoAuth()
        session.mount("https://", self.wire)
        session.mount("http://", self.wire)
        return session

    def log(self, *msg: Any, sep: str = "", end: str = "\n", flush: bool = False) -> None:
        """Say nothing: what happened is in the snapshot."""

    def error(self, msg: str, repeat_at_end: bool = True) -> None:
        """Say nothing: what happened is in the snapshot."""
