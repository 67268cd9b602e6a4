"""The instaloader source: Instagram's public pages through the library, and views with a login if configured.

The package has the library's name; `import instaloader` is always the library.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self

from monitor.model.link import LinkKind
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.sources.bounded_io import one_line
from monitor.sources.contract import RateLimitHint, Reading
from monitor.sources.instaloader import posts, profiles
from monitor.sources.instaloader.contexts import Contexts
from monitor.sources.instaloader.cookies import OPTION
from monitor.sources.instaloader.page_counts import USERNAME
from monitor.sources.instaloader.posts import Node, Results
from monitor.sources.instaloader.session import REFUSED, Session
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

TIMEOUT = 20.0
# The library inserts keys into URLs unquoted, so that only valid ones may be passed to it.
_VALID_KEYS = {
    LinkKind.PROFILE: USERNAME,
    LinkKind.POST: re.compile(r"[A-Za-z0-9_-]{5,40}"),
}
_INVALID_LINK = ReadResult(Outcome.SCHEMA, detail="not a valid link; nothing was sent")


class InstaloaderSource:
    """Reads followers, likes and views as an anonymous visitor; a lock serializes threads.

    A profile or a post costs one request; the first post in six hours also one for the start page. A profile
    that is not found by its username, or whose username belongs to another account, is read by its user id,
    with as many requests again. Without a login the views are mostly `hidden`. A login is only used for posts
    whose views are requested.
    """

    name = "instaloader"
    metrics = frozenset(Metric)
    batch = 2
    """Likes and views of a post are in one answer."""

    def __init__(self, timeout: float = TIMEOUT, session: Session | None = None) -> None:
        """`timeout`: seconds for connecting and for each read."""
        self._timeout = timeout
        self._session = session
        self._visitors = Contexts(lambda now: SilentContext(self._timeout, now))
        self._lock = Lock()  # neither the library nor the count of requests is thread-safe

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> Self:
        """Make the source, with the login of `session_file` if given; raises BadInputError if invalid."""
        file = options.get(OPTION, "")
        return cls(session=Session(Path(file).expanduser(), TIMEOUT) if file else None)

    def request_key(self, target: Target) -> str | None:
        """Return the key of the target's page, a profile or a post."""
        return f"{target.link.kind}:{target.link.key}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Read the targets, page by page; failures are returned as snapshots."""
        results: dict[Target, ReadResult] = {}
        requests = 0
        with self._lock:
            for page in self._pages(targets):
                found, sent = self._page(page, now)
                results |= found
                requests += sent
            rate_limit = self._rate_limit_hint()
        snapshots = tuple(self._snapshot(target, now, results[target]) for target in targets)
        return Reading(snapshots, requests, rate_limit)

    def _rate_limit_hint(self) -> RateLimitHint:
        """Return the wait that answers asked for; Instagram reports no usage."""
        waits = [self._visitors.take_wait(), self._session.take_wait() if self._session else None]
        return RateLimitHint(wait=max((wait for wait in waits if wait), default=None))

    def _pages(self, targets: Sequence[Target]) -> Collection[list[Target]]:
        pages: dict[str | None, list[Target]] = {}
        for target in targets:
            pages.setdefault(self.request_key(target), []).append(target)
        return pages.values()

    def _page(self, targets: list[Target], now: datetime) -> tuple[dict[Target, ReadResult], int]:
        """Read the page of these targets; return the results and the requests sent."""
        valid = [target for target in targets if _is_valid(target)]
        results, sent = dict.fromkeys(targets, _INVALID_LINK), 0
        if valid and valid[0].link.kind is LinkKind.PROFILE:
            result, sent = self._profile(valid[0], now)
            results |= dict.fromkeys(valid, result)
        elif valid:
            counts, sent = self._post(_key(valid[0]), {target.metric for target in valid}, now)
            results |= {target: counts[target.metric] for target in valid}
        return results, sent

    def _profile(self, target: Target, now: datetime) -> tuple[ReadResult, int]:
        with self._visitors.look(now) as context:
            result = profiles.read_profile(context, target, _key(target))
        if result.outcome in posts.STALE:
            self._visitors.renew()
        return result, context.wire.sent

    def _post(self, shortcode: str, metrics: set[Metric], now: datetime) -> tuple[Results, int]:
        session = self._session
        if session is None or Metric.VIEWS not in metrics:
            return self._as_visitor(shortcode, metrics, now)
        if session.usable(now):
            return self._with_login(session, shortcode, metrics, now)
        results, sent = self._as_visitor(shortcode, metrics, now)
        return results | {Metric.VIEWS: session.explain_missing_views(results[Metric.VIEWS])}, sent

    def _with_login(
        self, session: Session, shortcode: str, metrics: set[Metric], now: datetime
    ) -> tuple[Results, int]:
        """Read a post with the login; if that fails, an anonymous request shows if the login is the cause."""
        found, sent = session.look(shortcode, metrics, now)
        if not isinstance(found, ReadResult):
            return found, sent
        if found.outcome in profiles.INCONCLUSIVE:
            return dict.fromkeys(metrics, found), sent
        if found.outcome in REFUSED and metrics == {Metric.VIEWS}:
            return {Metric.VIEWS: session.mark_refused(found, now)}, sent
        results, more = self._as_visitor(shortcode, metrics, now)
        if found.outcome in REFUSED or _is_shown(results):
            refused = session.mark_refused(found, now)
            if results[Metric.VIEWS].outcome is not Outcome.COUNT:
                results[Metric.VIEWS] = refused
        return results, sent + more

    def _as_visitor(self, shortcode: str, metrics: set[Metric], now: datetime) -> tuple[Results, int]:
        with self._visitors.look(now) as context:
            post: Node | ReadResult = posts.fetch(context, shortcode)
            results = posts.read_counts(post, metrics)
        if posts.may_be_stale(results):
            self._visitors.renew()
        return results, context.wire.sent

    def _snapshot(self, target: Target, now: datetime, result: ReadResult) -> Snapshot:
        detail = one_line(result.detail)
        renamed = result.username if result.username != target.link.key else ""
        return Snapshot(
            target,
            now,
            result.outcome,
            self.name,
            result.count,
            result.count_kind,
            detail,
            result.account,
            renamed,
        )


def _key(target: Target) -> str:
    renamed = target.username_now if target.link.kind is LinkKind.PROFILE else None
    return renamed or target.link.key


def _is_valid(target: Target) -> bool:
    kind = target.link.kind
    return kind is target.metric.counted_on and _VALID_KEYS[kind].fullmatch(_key(target)) is not None


def _is_shown(results: Results) -> bool:
    """Whether the post is shown to an anonymous visitor."""
    return all(result.outcome in {Outcome.COUNT, Outcome.HIDDEN} for result in results.values())
