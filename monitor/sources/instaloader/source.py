"""Instagram's public pages, anonymously, through the instaloader library; views with a login if there is one.

Its own module is the library's namesake: `instaloader` is everywhere else the library, imported absolutely.
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
from monitor.sources.instaloader.posts import Looks, Node
from monitor.sources.instaloader.session import REFUSED, Session
from monitor.sources.instaloader.transport import SilentContext
from monitor.sources.read_result import ReadResult

TIMEOUT = 20.0
# The library puts keys into addresses unquoted: nothing else may ever reach it.
_KEYS = {
    LinkKind.PROFILE: USERNAME,
    LinkKind.POST: re.compile(r"[A-Za-z0-9_-]{5,40}"),
}
_UNASKABLE = ReadResult(Outcome.SCHEMA, detail="not a link that can be asked for; nothing was sent")


class InstaloaderSource:
    """Reads followers, likes and views as a visitor without a login; one thread at a time, others wait.

    A profile or a post costs one request, and a visitor's first post in six hours the start page as well.
    A profile that is not found under its name, or whose name another account took, is asked for by its
    user id, which costs the same again. Without a login Instagram mostly keeps the views to itself, which
    are then `hidden`; with one, a post whose views are wanted is asked for with it, and nothing else is.
    """

    name = "instaloader"
    metrics = frozenset(Metric)
    batch = 2
    """A post's likes and views are in one answer."""

    def __init__(self, timeout: float = TIMEOUT, session: Session | None = None) -> None:
        """`timeout` is in seconds, for connecting and for each wait for data."""
        self._timeout = timeout
        self._session = session
        self._visitors = Contexts(lambda now: SilentContext(self._timeout, now))
        self._lock = Lock()  # the library's context, its sessions and our count are for one thread

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> Self:
        """Make the source, with a login when there is a `session_file`; raises BadInputError about that."""
        file = options.get(OPTION, "")
        return cls(session=Session(Path(file).expanduser(), TIMEOUT) if file else None)

    def request_key(self, target: Target) -> str | None:
        """Name a target's page: a profile's followers and a post's counts are on pages of their own."""
        return f"{target.link.kind}:{target.link.key}"

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at the targets, page by page; what goes wrong is in the snapshots."""
        looks: dict[Target, ReadResult] = {}
        requests = 0
        with self._lock:
            for page in self._pages(targets):
                seen, sent = self._page(page, now)
                looks |= seen
                requests += sent
            rate_limit = self._pressure()
        shots = tuple(self._snapshot(target, now, looks[target]) for target in targets)
        return Reading(shots, requests, rate_limit)

    def _pressure(self) -> RateLimitHint:
        """Say what the answers asked for: no number of ours is known, but how long to wait may be."""
        told = [self._visitors.hear(), self._session.hear() if self._session else None]
        return RateLimitHint(wait=max((wait for wait in told if wait), default=None))

    def _pages(self, targets: Sequence[Target]) -> Collection[list[Target]]:
        pages: dict[str | None, list[Target]] = {}
        for target in targets:
            pages.setdefault(self.request_key(target), []).append(target)
        return pages.values()

    def _page(self, targets: list[Target], now: datetime) -> tuple[dict[Target, ReadResult], int]:
        """Look once at what the targets share; returns what was seen and the requests it took."""
        askable = [target for target in targets if _askable(target)]
        looks, sent = dict.fromkeys(targets, _UNASKABLE), 0
        if askable and askable[0].link.kind is LinkKind.PROFILE:
            seen, sent = self._profile(askable[0], now)
            looks |= dict.fromkeys(askable, seen)
        elif askable:
            counts, sent = self._post(_key(askable[0]), {target.metric for target in askable}, now)
            looks |= {target: counts[target.metric] for target in askable}
        return looks, sent

    def _profile(self, target: Target, now: datetime) -> tuple[ReadResult, int]:
        with self._visitors.look(now) as context:
            look = profiles.see(context, target, _key(target))
        if look.outcome in posts.STALE:
            self._visitors.renew()
        return look, context.wire.sent

    def _post(self, shortcode: str, metrics: set[Metric], now: datetime) -> tuple[Looks, int]:
        session = self._session
        if session is None or Metric.VIEWS not in metrics:
            return self._as_visitor(shortcode, metrics, now)
        if session.usable(now):
            return self._with(session, shortcode, metrics, now)
        looks, sent = self._as_visitor(shortcode, metrics, now)
        return looks | {Metric.VIEWS: session.excuse(looks[Metric.VIEWS])}, sent

    def _with(
        self, session: Session, shortcode: str, metrics: set[Metric], now: datetime
    ) -> tuple[Looks, int]:
        """Look with the login; where that shows no post, a visitor's look tells whose fault it is."""
        seen, sent = session.look(shortcode, metrics, now)
        if not isinstance(seen, ReadResult):
            return seen, sent
        if seen.outcome in profiles.SAYS_NOTHING:
            return dict.fromkeys(metrics, seen), sent
        if seen.outcome in REFUSED and metrics == {Metric.VIEWS}:
            return {Metric.VIEWS: session.refuse(seen, now)}, sent
        looks, more = self._as_visitor(shortcode, metrics, now)
        if seen.outcome in REFUSED or _shown(looks):
            refused = session.refuse(seen, now)
            if looks[Metric.VIEWS].outcome is not Outcome.COUNT:
                looks[Metric.VIEWS] = refused
        return looks, sent + more

    def _as_visitor(self, shortcode: str, metrics: set[Metric], now: datetime) -> tuple[Looks, int]:
        with self._visitors.look(now) as context:
            seen: Node | ReadResult = posts.ask(context, shortcode)
            looks = posts.counts(seen, metrics)
        if posts.stale(looks):
            self._visitors.renew()
        return looks, context.wire.sent

    def _snapshot(self, target: Target, now: datetime, look: ReadResult) -> Snapshot:
        detail = one_line(look.detail)
        renamed = look.username if look.username != target.link.key else ""
        return Snapshot(
            target, now, look.outcome, self.name, look.count, look.count_kind, detail, look.account, renamed
        )


def _key(target: Target) -> str:
    renamed = target.username_now if target.link.kind is LinkKind.PROFILE else None
    return renamed or target.link.key


def _askable(target: Target) -> bool:
    kind = target.link.kind
    return kind is target.metric.counted_on and _KEYS[kind].fullmatch(_key(target)) is not None


def _shown(looks: Looks) -> bool:
    """Whether a visitor sees the post that a login does not."""
    return all(look.outcome in {Outcome.COUNT, Outcome.HIDDEN} for look in looks.values())
