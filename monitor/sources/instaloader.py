"""Instagram's public pages, anonymously, through the instaloader library.

Its own module is the library's namesake: `instaloader` is here always the library, imported absolutely.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from instaloader import Post, get_json_structure

from monitor.link import LinkKind
from monitor.snapshot import Outcome, Snapshot
from monitor.sources.contract import Reading
from monitor.sources.instagram_pages import USER, Look, followers, likes, views
from monitor.sources.instaloader_faults import FAULTS, empty_page, fault, one_line
from monitor.sources.instaloader_wire import QuietContext
from monitor.target import Metric, Target

_RECYCLE = timedelta(hours=6)
"""The library keeps the start page's tokens for ever; Instagram does not."""
_STALE = {Outcome.SCHEMA, Outcome.BLOCKED}
"""Outcomes that old tokens can cause, too."""

# The library puts keys into addresses unquoted: nothing else may ever reach it.
_KEYS = {
    LinkKind.PROFILE: re.compile(r"[a-z0-9._]{1,30}"),
    LinkKind.POST: re.compile(r"[A-Za-z0-9_-]{5,40}"),
}
_POST_COUNTS: dict[Metric, Callable[[Mapping[str, Any]], Look]] = {Metric.LIKES: likes, Metric.VIEWS: views}


class InstaloaderSource:
    """Reads followers, likes and views as a visitor without a login; for one thread at a time.

    A look costs one request, and a post's first look in six hours the start page as well. Without a
    login Instagram mostly keeps the views to itself, which is then `unavailable`.
    """

    name = "instaloader"
    metrics = frozenset(Metric)
    batch = 1

    def __init__(self, timeout: float = 20.0) -> None:
        """`timeout` is in seconds, for connecting and for each wait for data."""
        self._timeout = timeout
        self._context: QuietContext | None = None

    def read(self, targets: Sequence[Target], now: datetime) -> Reading:
        """Look at the targets one by one; what goes wrong is in the snapshots."""
        snapshots, requests = [], 0
        for target in targets:
            look, sent = self._look(target, now)
            requests += sent
            snapshots.append(self._snapshot(target, now, look))
        return Reading(tuple(snapshots), requests)

    def _snapshot(self, target: Target, now: datetime, look: Look) -> Snapshot:
        detail = one_line(look.detail)
        return Snapshot(target, now, look.outcome, self.name, look.count, look.counted, detail)

    def _look(self, target: Target, now: datetime) -> tuple[Look, int]:
        """Look once; returns what was seen and the requests it took."""
        if target.link.kind is not target.metric.counted_on or not _KEYS[target.link.kind].fullmatch(
            target.link.key
        ):
            return Look(Outcome.SCHEMA, detail="not a link that can be asked for; nothing was sent"), 0
        context = self._fresh(now)
        context.wire.begin()
        try:
            look = _see(context, target)
        except FAULTS as error:
            look = fault(error, context.wire.answer)
        finally:
            context.wire.close()  # no connection idles until the next look
        if look.outcome in _STALE:
            self._context = None
        return look, context.wire.sent

    def _fresh(self, now: datetime) -> QuietContext:
        """Return the context in use, or a new one after some hours of the looks' own time."""
        if self._context is None or abs(now - self._context.opened) >= _RECYCLE:
            self._context = QuietContext(self._timeout, now)
        return self._context


def _see(context: QuietContext, target: Target) -> Look:
    if target.link.kind is LinkKind.PROFILE:
        # Not Profile.from_username: that takes a login wall for a missing profile.
        pages = context.get_page_data(f"{target.link.key}/")
        found = any(USER in page for page in pages)
        return followers(pages, target.link.key) if found else empty_page(context.wire.answer)
    post = Post.from_shortcode(context, target.link.key)
    # Not post.likes: that is 0 when the likes are hidden.
    return _POST_COUNTS[target.metric](get_json_structure(post)["node"])
