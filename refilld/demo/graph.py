"""A stand-in for Meta's Graph API on loopback: professional accounts in memory, served in its own shapes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from refilld.demo.graph_answers import IG_USER_ID, NO_SUCH_NODE, NOBODY, SYNTAX, discovery, error
from refilld.demo.instagram import Count, Post
from refilld.demo.listener import Listener
from refilld.demo.tunnel import HttpAnswer, HttpRequest

HOST = "graph.facebook.com"
TOKEN = "stand-in-token-" + "0" * 40
_USUAL_PAGE = 25
_LARGEST_PAGE = 300
_EXPRESSION = re.compile(
    r"business_discovery\.username\(([A-Za-z0-9._]+)\)\{([a-z_,]+?)(?:,media([.{].*))?\}"
)
_MEDIA = re.compile(r"(?:\.after\(([A-Za-z0-9=]+)\))?(?:\.limit\(([0-9]+)\))?\{([a-z_,]+)\}")
_FIELDS = {"username", "followers_count", "media_count"}


@dataclass(frozen=True, slots=True)
class ProfessionalAccount:
    """A professional account: its followers, and its posts by shortcode, newest first."""

    followers: Count
    posts: Mapping[str, Post] = field(default_factory=dict)


class GraphWorld(Protocol):
    """What the stand-in says; called from its threads, several at a time."""

    def answer(self, asked: HttpRequest) -> HttpAnswer:
        """Answer a request to graph.facebook.com."""


@dataclass(slots=True)
class SmallGraph:
    """A world of given accounts (by username), which may change at any time.

    A post's plays are served as its `view_count`, its counts left out where they are hidden.
    """

    clock: Callable[[], datetime]
    accounts: dict[str, ProfessionalAccount] = field(default_factory=dict)
    token: str = TOKEN
    outage: HttpAnswer | None = None
    """When set, the answer to everything: `THROTTLED`, `EXPIRED`, `DOWN`, or another."""
    usage: tuple[tuple[str, str], ...] = ()
    """Headers of every answer that is no outage, as `usage` makes them."""

    def answer(self, asked: HttpRequest) -> HttpAnswer:
        return self.outage or self._permitted(asked)

    def _permitted(self, asked: HttpRequest) -> HttpAnswer:
        address = urlsplit(asked.path)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return error(190, "Invalid OAuth access token", status=401)
        if not re.fullmatch(rf"/v[0-9]+\.[0-9]/{IG_USER_ID}", address.path):
            return NO_SUCH_NODE
        parameters = parse_qs(address.query, keep_blank_values=True)
        wanted = _EXPRESSION.fullmatch("".join(parameters.get("fields", [])))
        if wanted is None or set(parameters) != {"fields"}:
            return SYNTAX
        return self._discover(*wanted.groups())

    def _discover(self, username: str, fields: str, media: str | None) -> HttpAnswer:
        account = self.accounts.get(username.lower())
        if account is None:
            return NOBODY
        if not set(fields.split(",")) <= _FIELDS:
            return SYNTAX
        shown = self._profile(username.lower(), account, fields)
        if media is not None:
            page = _MEDIA.fullmatch(media)
            if page is None:
                return SYNTAX
            shown |= self._media(username.lower(), account, *page.groups())
        return discovery(shown, self.usage)

    def _profile(self, username: str, account: ProfessionalAccount, fields: str) -> dict[str, Any]:
        everything = {
            "username": username,
            "followers_count": self._now(account.followers),
            "media_count": len(account.posts),
        }
        return {name: everything[name] for name in fields.split(",")} | {"id": "17841499999999999"}

    def _media(
        self, username: str, account: ProfessionalAccount, after: str | None, limit: str | None, fields: str
    ) -> dict[str, Any]:
        start = int(after.rstrip("="), 36) if after else 0
        end = start + min(int(limit or _USUAL_PAGE), _LARGEST_PAGE)
        page = list(account.posts.items())[start:end]
        if not page:
            return {}  # an empty edge is left out
        data = [self._medium(username, *one, fields.split(",")) for one in page]
        return {"media": {"data": data, "paging": {"cursors": {"after": _cursor(end)}}}}

    def _medium(self, username: str, shortcode: str, post: Post, fields: list[str]) -> dict[str, Any]:
        video = post.plays is not None
        everything: dict[str, Any] = {
            "shortcode": shortcode,
            "permalink": f"https://www.instagram.com/{'reel' if video else 'p'}/{shortcode}/",
            "media_type": "VIDEO" if video else "IMAGE",
            "media_product_type": "REELS" if video else "FEED",
            "username": username,
            "comments_count": 7,
        }
        if not post.hidden:
            everything["like_count"] = self._now(post.likes)
        if post.plays is not None and not post.hidden:
            everything["view_count"] = self._now(post.plays)
        return {name: everything[name] for name in fields if name in everything} | {"id": "17858843269216389"}

    def _now(self, count: Count) -> int:
        return count(self.clock()) if callable(count) else count


class GraphStandIn(Listener):
    """The stand-in, up from entering to leaving the context; `world` may be exchanged meanwhile."""

    def __init__(
        self,
        world: GraphWorld,
        others: Mapping[str, Callable[[HttpRequest], HttpAnswer]] | None = None,
        remember: int = 1000,
    ) -> None:
        """`others` answer for further hosts: a program is led to one proxy only.

        `remember` is the number of requests to Graph kept in `requests`, the newest ones.
        """
        self._others = dict(others or {})
        super().__init__([HOST, *self._others], self._answer, remember)
        self.world = world

    def _answer(self, asked: HttpRequest) -> HttpAnswer:
        host = asked.host.partition(":")[0]
        if host in self._others:
            return self._others[host](asked)
        self.note(asked)
        return self.world.answer(asked)


def _cursor(place: int) -> str:
    """Name a place in a list of media, in digits and letters that say nothing."""
    digits = ""
    while place:
        place, digit = divmod(place, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return f"{digits or '0'}=="
