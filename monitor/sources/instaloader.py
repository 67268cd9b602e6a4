"""Instagram's public pages, anonymously, through the instaloader library.

Its own module is the library's namesake: `instaloader` is here always the library, imported absolutely.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from instaloader import Post, Profile, get_json_structure

from monitor.link import LinkKind
from monitor.snapshot import Outcome, Snapshot
from monitor.sources.contract import Reading
from monitor.sources.instagram_pages import (
    USER,
    USERNAME,
    Look,
    account_followers,
    followers,
    likes,
    views,
)
from monitor.sources.instaloader_faults import FAULTS, empty_page, fault, one_line
from monitor.sources.instaloader_wire import QuietContext
from monitor.target import Metric, Target

_RECYCLE = timedelta(hours=6)
"""The library keeps the start page's tokens for ever; Instagram does not."""
_STALE = {Outcome.SCHEMA, Outcome.BLOCKED}
"""Outcomes that old tokens can cause, too."""

# The library puts keys into addresses unquoted: nothing else may ever reach it.
_KEYS = {
    LinkKind.PROFILE: USERNAME,
    LinkKind.POST: re.compile(r"[A-Za-z0-9_-]{5,40}"),
}
_SAYS_NOTHING = {Outcome.RATE_LIMITED, Outcome.TRANSIENT}
"""Not even that an account cannot be asked for. A query that visitors may not send would be refused for
every target that is gone: the source as a whole is judged by its pages, which come first."""
_POST_COUNTS: dict[Metric, Callable[[Mapping[str, Any]], Look]] = {Metric.LIKES: likes, Metric.VIEWS: views}


class InstaloaderSource:
    """Reads followers, likes and views as a visitor without a login; for one thread at a time.

    A look costs one request, and a post's first look in six hours the start page as well. A profile that
    is not found under its name, or whose name another account took, is asked for by its user id, which
    costs the same again. Without a login Instagram mostly keeps the views to itself, which is then
    `unavailable`.
    """

    name = "instaloader"
    metrics = frozenset(Metric)
    batch = 1

    def __init__(self, timeout: float = 20.0) -> None:
        """`timeout` is in seconds, for connecting and for each wait for data."""
        self._timeout = timeout
        self._context: QuietContext | None = None

    def together(self, target: Target) -> str | None:
        """Name a target's page: a profile's followers and a post's counts are on pages of their own."""
        return f"{target.link.kind}:{target.link.key}"

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
        renamed = look.username if look.username != target.link.key else ""
        return Snapshot(
            target, now, look.outcome, self.name, look.count, look.counted, detail, look.account, renamed
        )

    def _look(self, target: Target, now: datetime) -> tuple[Look, int]:
        """Look once; returns what was seen and the requests it took."""
        kind, key = target.link.kind, target.username_now or target.link.key
        if kind is not target.metric.counted_on or not _KEYS[kind].fullmatch(key):
            return Look(Outcome.SCHEMA, detail="not a link that can be asked for; nothing was sent"), 0
        context = self._fresh(now)
        context.wire.begin()
        try:
            look = _see(context, target, key)
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


def _see(context: QuietContext, target: Target, key: str) -> Look:
    try:
        post = target.link.kind is LinkKind.POST
        seen = _post(context, key, target.metric) if post else _page(context, key)
    except FAULTS as error:
        seen = fault(error, context.wire.answer)
    if target.account is None or not _lost(seen, target):
        return seen
    return _follow(context, seen, target.account)


def _page(context: QuietContext, username: str) -> Look:
    # Not Profile.from_username: that takes a login wall for a missing profile.
    pages = context.get_page_data(f"{username}/")
    found = any(USER in page for page in pages)
    return followers(pages, username) if found else empty_page(context.wire.answer)


def _post(context: QuietContext, shortcode: str, metric: Metric) -> Look:
    post = Post.from_shortcode(context, shortcode)
    # Not post.likes: that is 0 when the likes are hidden.
    return _POST_COUNTS[metric](get_json_structure(post)["node"])


def _lost(seen: Look, target: Target) -> bool:
    """Whether the account is not behind its name any more; one that was learnt may have been wrong."""
    nobody = {Outcome.NOT_FOUND, Outcome.SCHEMA} if target.username_now else {Outcome.NOT_FOUND}
    if not seen.account:
        return seen.outcome in nobody
    return seen.account != target.account


def _follow(context: QuietContext, seen: Look, account: str) -> Look:
    """Ask for an account that has left its name, by its id."""
    try:
        user = _user(context, account)
    except FAULTS as error:
        by_id = fault(error, context.wire.answer)
        return by_id if by_id.outcome in _SAYS_NOTHING else _nowhere(seen, by_id)
    return account_followers(user, account)


def _user(context: QuietContext, account: str) -> Mapping[str, Any]:
    """Return what the answer itself says of an account: the library fills gaps with defaults."""
    context.profile_id_cache.clear()  # else the first answer would be the answer for ever
    Profile.from_id(context, int(account))
    if context.wire.answer is None:
        raise LookupError("no answer")
    user: Mapping[str, Any] = context.wire.answer.json()["data"]["user"]
    return user


def _nowhere(seen: Look, by_id: Look) -> Look:
    taken = seen.outcome is not Outcome.NOT_FOUND
    why = "the name belongs to another account now" if taken else seen.detail
    return Look(Outcome.NOT_FOUND, detail=f"{why}; by its id: {by_id.detail}")
