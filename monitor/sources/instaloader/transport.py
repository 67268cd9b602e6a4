"""The library's HTTP transport: counts requests, follows no redirects, and never waits or prints."""

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
    """Adds no authentication; with an auth object `requests` does not read ~/.netrc."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class InstaloaderTransport(HTTPAdapter):
    """Sends the library's requests, counts them, and keeps the last answer of a look.

    Requests without an answer are counted, as they may have arrived.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self.answer: Response | None = None
        """The answer to the last request; None if there is none."""

    def begin(self) -> None:
        """Start a new look."""
        self.sent = 0
        self.answer = None

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request; raises TooManyRedirects after a redirect, as redirects are not followed."""
        if self.answer is not None and self.answer.is_redirect:
            raise TooManyRedirects("a redirect ends the look", response=self.answer)
        self.sent += 1
        self.answer = None
        self.answer = super().send(request, *args, **kwargs)
        self.answer._content = body_of(self.answer)  # noqa: SLF001  # where `requests` keeps a body that was read
        self.answer._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return self.answer


class NoWaitRateController(RateController):
    """Never waits: the budget is enforced outside of the source, where it survives a restart."""

    def wait_before_query(self, query_type: str) -> None:
        """Do not wait."""

    def handle_429(self, query_type: str) -> None:
        """Do not wait; with a single attempt per request this is never called."""

    def sleep(self, secs: float) -> None:
        """Do not sleep."""


class SilentContext(InstaloaderContext):
    """A context, initially anonymous: one attempt per request, no redirects, no output.

    All requests are sent by `wire`. Three public methods are overridden for this: `get_anonymous_session`
    makes the sessions for pages and tokens, `load_session` that of a login, and the short-lived sessions of
    queries pass through `get_json`.
    """

    def __init__(self, timeout: float, opened: datetime, wire: InstaloaderTransport | None = None) -> None:
        self.opened = opened
        self.wire = wire or InstaloaderTransport()  # first, as the base class opens a session
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
        """Open a session that sends its requests by `wire`."""
        return self._wired(super().get_anonymous_session())

    def load_session(self, username: str, sessiondata: dict[str, str]) -> None:
        """Send the cookies of a login with all further queries."""
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
        """Send a query by `wire`."""
        wired = None if session is None else self._wired(session)
        return super().get_json(path, params, host, wired, response_headers, use_post)

    def _wired(self, session: Session) -> Session:
        session.auth = _NoAuth()
        session.mount("https://", self.wire)
        session.mount("http://", self.wire)
        return session

    def log(self, *msg: Any, sep: str = "", end: str = "\n", flush: bool = False) -> None:
        """Print nothing: failures are in the snapshot."""

    def error(self, msg: str, repeat_at_end: bool = True) -> None:
        """Print nothing: failures are in the snapshot."""
