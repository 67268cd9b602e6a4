"""A stand-in for Meta's Graph API on loopback: professional accounts in memory, in its response shapes."""

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
_DEFAULT_PAGE = 25
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
    account: str = "17841499999999999"
    """Its id."""


class GraphWorld(Protocol):
    """The answers of the stand-in; called from several threads at a time."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request to graph.facebook.com."""


@dataclass(slots=True)
class SmallGraph:
    """Accounts by username, which may change at any time.

    The plays of a post are its `view_count`; hidden counts are left out.
    """

    clock: Callable[[], datetime]
    accounts: dict[str, ProfessionalAccount] = field(default_factory=dict)
    token: str = TOKEN
    outage: HttpAnswer | None = None
    """The answer to every request while set, for example `THROTTLED`, `EXPIRED` or `DOWN`."""
    usage: tuple[tuple[str, str], ...] = ()
    """Headers of every answer without an outage, made by the function `usage`."""

    def answer(self, request: HttpRequest) -> HttpAnswer:
        return self.outage or self._authorize(request)

    def _authorize(self, request: HttpRequest) -> HttpAnswer:
        address = urlsplit(request.path)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return error(190, "Invalid OAuth access token", status=401)
        if not re.fullmatch(rf"/v[0-9]+\.[0-9]/{IG_USER_ID}", address.path):
            return NO_SUCH_NODE
        parameters = parse_qs(address.query, keep_blank_values=True)
        expression = _EXPRESSION.fullmatch("".join(parameters.get("fields", [])))
        if expression is None or set(parameters) != {"fields"}:
            return SYNTAX
        return self._discover(*expression.groups())

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
        values = {
            "username": username,
            "followers_count": self._now(account.followers),
            "media_count": len(account.posts),
        }
        return {name: values[name] for name in fields.split(",")} | {"id": account.account}

    def _media(
        self, username: str, account: ProfessionalAccount, after: str | None, limit: str | None, fields: str
    ) -> dict[str, Any]:
        start = int(after.rstrip("="), 36) if after else 0
        end = start + min(int(limit or _DEFAULT_PAGE), _LARGEST_PAGE)
        page = list(account.posts.items())[start:end]
        if not page:
            return {}  # an empty edge is left out
        data = [self._medium(username, *one, fields.split(",")) for one in page]
        return {"media": {"data": data, "paging": {"cursors": {"after": _cursor(end)}}}}

    def _medium(self, username: str, shortcode: str, post: Post, fields: list[str]) -> dict[str, Any]:
        video = post.plays is not None
        values: dict[str, Any] = {
            "shortcode": shortcode,
            "permalink": f"https://www.instagram.com/{'reel' if video else 'p'}/{shortcode}/",
            "media_type": "VIDEO" if video else "IMAGE",
            "media_product_type": "REELS" if video else "FEED",
            "username": username,
            "comments_count": 7,
        }
        if not post.hidden:
            values["like_count"] = self._now(post.likes)
        if post.plays is not None and not post.hidden:
            values["view_count"] = self._now(post.plays)
        return {name: values[name] for name in fields if name in values} | {"id": "17858843269216389"}

    def _now(self, count: Count) -> int:
        return count(self.clock()) if callable(count) else count


class GraphStandIn(Listener):
    """The running stand-in, as a context manager; `world` may be replaced while it runs."""

    def __init__(
        self,
        world: GraphWorld,
        others: Mapping[str, Callable[[HttpRequest], HttpAnswer]] | None = None,
        remember: int = 1000,
    ) -> None:
        """`others` answer for further hosts by name, because a program has one proxy only.

        `requests` keeps the `remember` newest requests to Graph.
        """
        self._others = dict(others or {})
        super().__init__([HOST, *self._others], self._answer, remember)
        self.world = world

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        host = request.host.partition(":")[0]
        if host in self._others:
            return self._others[host](request)
        self.note(request)
        return self.world.answer(request)


def _cursor(position: int) -> str:
    """A position in a list of media as an opaque cursor."""
    digits = ""
    while position:
        position, digit = divmod(position, 36)
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + digits
    return f"{digits or '0'}=="
