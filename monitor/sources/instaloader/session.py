"""The login of an operator, used only for views, which Instagram mostly hides from anonymous visitors.

A refused login is not used until its file changes or some hours have passed. Requests without a login
continue meanwhile.
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
from monitor.sources.instaloader.posts import Node, Results, fetch, may_be_stale, read_counts
from monitor.sources.instaloader.profiles import INCONCLUSIVE
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

RETRY_AFTER = timedelta(hours=6)
"""Time after which a refused login is tried again."""
REFUSED = frozenset({Outcome.LOGIN_REQUIRED, Outcome.BLOCKED})
"""Outcomes that concern the login, not the source as a whole."""
_CLIPS = "27234427476213202"
"""Id of the query for the newest twelve clips of a user; it returns plays that the post itself omits."""
FileStamp = tuple[int, int, int]
"""Inode, modification time in nanoseconds, size."""


class Session:
    """The login in a file, which may be replaced at any time; not thread-safe."""

    def __init__(self, file: Path, timeout: float) -> None:
        """Raises BadInputError if the file cannot be used."""
        self._file, self._timeout = file, timeout
        self._stamp = _stamp(file)
        self._cookies: Cookies | None = read_file(file)
        self._contexts = Contexts(self._open)
        self._refused_at: datetime | None = None
        self.problem = ""
        """Why the login is not used; empty while it is."""

    def usable(self, now: datetime) -> bool:
        """Whether the login can be used; reads its file again if it has changed."""
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            self._reread()
        elif self._refused_at is not None and abs(now - self._refused_at) >= RETRY_AFTER:
            self._refused_at, self.problem = None, ""
        return not self.problem

    def look(
        self, shortcode: str, metrics: Collection[Metric], now: datetime
    ) -> tuple[Results | ReadResult, int]:
        """Read a post, views included; return the results (only one without a post) and the requests sent."""
        with self._contexts.look(now) as context:
            post = fetch(context, shortcode)
            results = read_counts(post, metrics)
            if not isinstance(post, ReadResult) and results[Metric.VIEWS] == NOT_SHOWN:
                results[Metric.VIEWS] = _clip(context, post)
        if may_be_stale(results):
            self._contexts.renew()
        results = {metric: self._redacted(result) for metric, result in results.items()}
        return results[Metric.VIEWS] if isinstance(post, ReadResult) else results, context.wire.sent

    def take_wait(self) -> timedelta | None:
        """Return and reset the wait that answers asked for."""
        return self._contexts.take_wait()

    def mark_refused(self, result: ReadResult, now: datetime) -> ReadResult:
        """Stop using the login; return the result that reports it."""
        self._refused_at = now
        self.problem = f"the session in {self._file} is refused, it may have expired"
        return ReadResult(Outcome.LOGIN_REQUIRED, detail=f"{self.problem}: {result.detail}")

    def explain_missing_views(self, result: ReadResult) -> ReadResult:
        """Add the login's problem to views that are not shown without a login."""
        if result != NOT_SHOWN:
            return result
        return replace(result, detail=f"not shown without a login; {self.problem}")

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

    def _redacted(self, result: ReadResult) -> ReadResult:
        """Remove secrets from the detail, which may contain text of the answer."""
        return replace(result, detail=self._cookies.redact(result.detail)) if self._cookies else result


def _clip(context: SilentContext, post: Node) -> ReadResult:
    """Read the views of a clip from its owner's clips, with one more request."""
    if post.get("product_type") != "clips" or not shown(post):
        return ReadResult(Outcome.HIDDEN, detail="play_count and view_count are null, to a login as well")
    owner = post["owner"]["id"]
    variables = {"data": {"include_feed_video": True, "page_size": 12, "target_user_id": str(owner)}}
    try:
        return clip_plays(context.doc_id_graphql_query(_CLIPS, variables), post["code"])
    except FAULTS as error:
        failed = fault(error, context.wire.answer)
    if failed.outcome in INCONCLUSIVE:
        return failed
    return ReadResult(Outcome.HIDDEN, detail=f"play_count is null; the owner's clips: {failed.detail}")


def _stamp(file: Path) -> FileStamp | None:
    """Identify the version of a file; None if there is none."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
