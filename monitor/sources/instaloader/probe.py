"""A probe: a few requests to Instagram that show whether the assumptions of the source still hold.

Only the status and the structure of the answers are kept, never their values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from requests import PreparedRequest, Response

from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources.instaloader import posts, profiles
from monitor.sources.instaloader.cookies import Cookies
from monitor.sources.instaloader.error_mapping import FAULTS, empty_page, fault
from monitor.sources.instaloader.page_counts import USER, account_followers, followers
from monitor.sources.instaloader.response_schema import ResponseShape, Shape, answered, json_shape, shape
from monitor.sources.instaloader.transport import InstaloaderTransport, SilentContext

PROFILE, MISSING, ACCOUNT, POST, MEMBER = (
    "profile",
    "missing profile",
    "account",
    "post",
    "post with the login",
)
MOST_REQUESTS = 20
MOST_PROFILES = MOST_REQUESTS - 8
"""The other requests are at most eight: canary, missing profile, three for the account by its id, two for
the post, one with the login."""


@dataclass(frozen=True, slots=True)
class ProbeFinding:
    """The result of one question."""

    about: str
    """`profile`, `missing profile`, `account`, `post` or `post with the login`."""
    asked: str
    outcome: Outcome
    """Outcome of the followers or likes, as the source reads them."""
    views: Outcome | None = None
    requests: int = 0
    answers: tuple[ResponseShape, ...] = ()
    shape: Shape = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether the source as a whole refuses requests, not only a login or a kind of query."""
        anonymous = self.about in {PROFILE, MISSING, POST}
        return self.outcome is Outcome.RATE_LIMITED or (anonymous and self.outcome is Outcome.BLOCKED)

    @property
    def answered(self) -> bool:
        """Whether there was any answer."""
        return any(answer.status is not None for answer in self.answers)

    @property
    def unreachable(self) -> bool:
        """Whether requests were sent and none was answered, so that the probe can be ended."""
        return self.outcome is Outcome.TRANSIENT and bool(self.answers) and not self.answered


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """One question of a probe: its kind, its subject, and the function that asks it."""

    about: str
    asked: str
    ask: Callable[[], ProbeFinding]


class RecordingTransport(InstaloaderTransport):
    """A transport that records a description of every answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[ResponseShape] = []

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request, and record its answer or that there was none."""
        before, answer = self.sent, None
        try:
            answer = super().send(request, *args, **kwargs)
        finally:
            if self.sent > before:
                self.answered.append(answered(request, answer))
        return answer


class Probe:
    """The questions, asked anonymously and, if there is a login, with it; not thread-safe."""

    def __init__(self, timeout: float, now: datetime, cookies: Cookies | None = None) -> None:
        self._visitor, self._visitor_wire = _context(timeout, now)
        self._cookies = cookies
        self._member, self._member_wire = _context(timeout, now)
        if cookies is not None:
            self._member.load_session(cookies.user_id, dict(cookies.values))
        self._account = ""
        """Id of the first public profile that was read."""

    def questions(self, usernames: Sequence[str], missing: str, code: str) -> Iterator[ProbeQuestion]:
        """Yield the questions; each depends on the answers before it. `code`: a post, or empty."""
        for name in usernames:
            yield ProbeQuestion(PROFILE, name, partial(self._profile, PROFILE, name))
        yield ProbeQuestion(MISSING, missing, partial(self._profile, MISSING, missing))
        if self._account:
            yield ProbeQuestion(ACCOUNT, "by its id", self._by_id)
        if code:
            yield ProbeQuestion(POST, code, partial(_ask_post, POST, code, self._visitor, self._visitor_wire))
        if code and self._cookies is not None:
            yield ProbeQuestion(
                MEMBER, code, partial(_ask_post, MEMBER, code, self._member, self._member_wire)
            )

    def _profile(self, about: str, username: str) -> ProbeFinding:
        wire = _restarted(self._visitor_wire)
        pages: list[dict[str, Any]] = []
        try:
            pages = self._visitor.get_page_data(f"{username}/")
            found = any(USER in data for data in pages)
            result = followers(pages, username) if found else empty_page(wire.answer)
        except FAULTS as error:
            result = fault(error, wire.answer)
        if result.outcome is Outcome.COUNT:
            self._account = self._account or result.account
        users = [data[USER] for data in pages if USER in data]
        return _finding(about, username, (result.outcome, None), wire, shape({USER: users}))

    def _by_id(self) -> ProbeFinding:
        wire = _restarted(self._visitor_wire)
        try:
            result = account_followers(profiles.fetch_account(self._visitor, self._account), self._account)
        except FAULTS as error:
            result = fault(error, wire.answer)
        return _finding(ACCOUNT, "by its id", (result.outcome, None), wire, json_shape(wire.answer))


def _ask_post(about: str, code: str, context: SilentContext, wire: RecordingTransport) -> ProbeFinding:
    _restarted(wire)
    results = posts.read_counts(posts.fetch(context, code), (Metric.LIKES, Metric.VIEWS))
    outcomes = results[Metric.LIKES].outcome, results[Metric.VIEWS].outcome
    return _finding(about, code, outcomes, wire, json_shape(wire.answer))


def _finding(
    about: str, asked: str, outcomes: tuple[Outcome, Outcome | None], wire: RecordingTransport, found: Shape
) -> ProbeFinding:
    return ProbeFinding(about, asked, *outcomes, wire.sent, tuple(wire.answered), found)


def _context(timeout: float, now: datetime) -> tuple[SilentContext, RecordingTransport]:
    wire = RecordingTransport()
    return SilentContext(timeout, now, wire), wire


def _restarted(wire: RecordingTransport) -> RecordingTransport:
    wire.close()
    wire.begin()
    wire.answered.clear()
    return wire
