"""An operator's own login, used for nothing but views: Instagram tells them to nobody else.

A login that Instagram does not accept any more is left alone until its file changes or some hours have
passed: what is asked without a login goes on meanwhile.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from monitor.errors import BadInputError
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.sources.instaloader.contexts import Contexts
from monitor.sources.instaloader.cookies import Cookies, read_file
from monitor.sources.instaloader.error_mapping import FAULTS, fault
from monitor.sources.instaloader.page_counts import NOT_SHOWN, clip_plays, shown
from monitor.sources.instaloader.posts import Looks, Node, ask, counts, stale
from monitor.sources.instaloader.profiles import SAYS_NOTHING
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

LEFT_ALONE = timedelta(hours=6)
"""How long a refused login is not tried again."""
REFUSED = frozenset({Outcome.LOGIN_REQUIRED, Outcome.BLOCKED})
"""Outcomes that speak of the login, and not of all visitors from here."""
_CLIPS = "27234427476213202"
"""The query for the newest twelve clips of a user, whose plays are told where a post's own are not."""
Stamp = tuple[int, int, int]


class Session:
    """The login in a file, which may be exchanged at any time; for one thread at a time."""

    def __init__(self, file: Path, timeout: float) -> None:
        """Raise BadInputError when the file cannot be used."""
        self._file, self._timeout = file, timeout
        self._stamp = _stamp(file)
        self._cookies: Cookies | None = read_file(file)
        self._contexts = Contexts(self._open)
        self._refused_at: datetime | None = None
        self.problem = ""
        """Why it is left alone; empty while it is used."""

    def usable(self, now: datetime) -> bool:
        """Whether it may be asked, after another look at its file."""
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            self._reread()
        elif self._refused_at is not None and abs(now - self._refused_at) >= LEFT_ALONE:
            self._refused_at, self.problem = None, ""
        return not self.problem

    def look(
        self, shortcode: str, metrics: Collection[Metric], now: datetime
    ) -> tuple[Looks | ReadResult, int]:
        """Look at a post, views among the metrics; returns also the requests it took.

        A look instead of several says why there is no post.
        """
        with self._contexts.look(now) as context:
            seen = ask(context, shortcode)
            looks = counts(seen, metrics)
            if not isinstance(seen, ReadResult) and looks[Metric.VIEWS] == NOT_SHOWN:
                looks[Metric.VIEWS] = _clip(context, seen)
        if stale(looks):
            self._contexts.renew()
        looks = {metric: self._discreet(look) for metric, look in looks.items()}
        return looks[Metric.VIEWS] if isinstance(seen, ReadResult) else looks, context.wire.sent

    def hear(self) -> timedelta | None:
        """Return how long to wait, once."""
        return self._contexts.hear()

    def refuse(self, said: ReadResult, now: datetime) -> ReadResult:
        """Leave the login alone from now on, and say so once."""
        self._refused_at = now
        self.problem = f"the session in {self._file} is refused, it may have expired"
        return ReadResult(Outcome.LOGIN_REQUIRED, detail=f"{self.problem}: {said.detail}")

    def excuse(self, look: ReadResult) -> ReadResult:
        """Add to views that are not shown without a login why there is none."""
        if look != NOT_SHOWN:
            return look
        return replace(look, detail=f"not shown without a login; {self.problem}")

    def _reread(self) -> None:
        self._refused_at, self.problem = None, ""
        self._contexts.renew()
        try:
            self._cookies = read_file(self._file)
        except BadInputError as error:
            self._cookies, self.problem = None, f"the session cannot be used: {error.problem}"

    def _open(self, now: datetime) -> SilentContext:
        context = SilentContext(self._timeout, now)
        if self._cookies is not None:
            context.load_session(self._cookies.user_id, dict(self._cookies.values))
        return context

    def _discreet(self, look: ReadResult) -> ReadResult:
        """Return a look whose detail does not repeat a secret, whatever the other side echoed."""
        return replace(look, detail=self._cookies.hidden_in(look.detail)) if self._cookies else look


def _clip(context: SilentContext, post: Node) -> ReadResult:
    """Ask for the views of a clip whose own answer leaves them out: one request more."""
    if post.get("product_type") != "clips" or not shown(post):
        return ReadResult(Outcome.HIDDEN, detail="play_count and view_count are null, to a login as well")
    owner = post["owner"]["id"]
    variables = {"data": {"include_feed_video": True, "page_size": 12, "target_user_id": str(owner)}}
    try:
        return clip_plays(context.doc_id_graphql_query(_CLIPS, variables), post["code"])
    except FAULTS as error:
        failed = fault(error, context.wire.answer)
    if failed.outcome in SAYS_NOTHING:
        return failed
    return ReadResult(Outcome.HIDDEN, detail=f"play_count is null; the owner's clips: {failed.detail}")


def _stamp(file: Path) -> Stamp | None:
    """What changes with the file; None when there is none."""
    try:
        about = file.stat()
    except (OSError, ValueError):
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size
