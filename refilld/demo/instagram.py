"""A stand-in for Instagram on loopback: profiles and posts in memory, served in Instagram's own shapes."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from zlib import crc32

from refilld.demo.listener import Listener
from refilld.demo.tunnel import HttpAnswer, HttpRequest

HOSTS = ("www.instagram.com", "i.instagram.com")
Count = int | Callable[[datetime], int]
"""A number, or what it is at a time."""

MISSING = HttpAnswer("<html><title>Page not found</title></html>", 404)
RATE_LIMITED = HttpAnswer("", 429)
DOWN = HttpAnswer("", 503)
LOGIN_WALL = HttpAnswer("", 302, (("Location", "https://www.instagram.com/accounts/login/"),))
_ACCOUNT_QUERY = "27937681195819736"
_COOKIE = ("Set-Cookie", "csrftoken=stand-in; Domain=.instagram.com; Path=/; Secure")
START_PAGE = HttpAnswer(
    '<html>["LSD",[],{"token":"stand-in-lsd"},323] "IG_USER_EIMU":"0"</html>', headers=(_COOKIE,)
)


class InstagramWorld(Protocol):
    """What the stand-in shows; called from its threads, several at a time."""

    def start_page(self) -> HttpAnswer:
        """Answer `GET /`."""

    def profile(self, username: str) -> HttpAnswer:
        """Answer `GET /username/`."""

    def account(self, user_id: str) -> HttpAnswer:
        """Answer the query for the profile of a user id."""

    def post(self, shortcode: str) -> HttpAnswer:
        """Answer the query for one post."""


@runtime_checkable
class LoggedInWorld(Protocol):
    """What a world shows besides, where it has members."""

    def member(self, asked: HttpRequest) -> HttpAnswer:
        """Answer a query that carries the cookies of a login."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An account."""

    followers: Count
    private: bool = False
    user_id: str = ""
    """Where the name does not say it, because the account had another one first; see `rename`."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post, a video when it has plays; Instagram shows their number to nobody without a login, we do."""

    likes: Count
    plays: Count | None = None
    hidden: bool = False
    """The owner hides the counts."""


@dataclass(slots=True)
class DemoInstagram:
    """A world of given profiles (by username) and posts (by shortcode), which may change at any time."""

    clock: Callable[[], datetime]
    profiles: dict[str, Profile] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    outage: HttpAnswer | None = None
    """When set, the answer to everything: `RATE_LIMITED`, `DOWN`, `LOGIN_WALL` or another."""
    _left: Counter[str] = field(default_factory=Counter)
    """How many accounts gave a name up."""

    def start_page(self) -> HttpAnswer:
        return self.outage or START_PAGE

    def profile(self, username: str) -> HttpAnswer:
        profile = self.profiles.get(username)
        if self.outage or profile is None:
            return self.outage or MISSING
        return _page_of(self._user(username, profile))

    def account(self, user_id: str) -> HttpAnswer:
        known = list(self.profiles.items())
        found = (self._user(*one) for one in known if self._user_id(*one) == user_id)
        return self.outage or account_answer(next(found, None))

    def rename(self, username: str, new: str) -> None:
        """Give an account another name; who takes the old one is another account."""
        profile = self.profiles.pop(username)
        self.profiles[new] = replace(profile, user_id=self._user_id(username, profile))
        self._left[username] += 1

    def post(self, shortcode: str) -> HttpAnswer:
        post = self.posts.get(shortcode)
        if self.outage or post is None:
            return self.outage or post_answer(None)
        return post_answer(self._media(shortcode, post))

    def _user(self, username: str, profile: Profile) -> dict[str, Any]:
        followers, user_id = self._now(profile.followers), self._user_id(username, profile)
        return user(username, followers, private=profile.private, user_id=user_id)

    def _user_id(self, username: str, profile: Profile) -> str:
        return profile.user_id or user_id_of(username, self._left[username])

    def _media(self, shortcode: str, post: Post) -> dict[str, Any]:
        if post.hidden:  # Instagram's placeholder for hidden likes is 3
            return media(shortcode, likes=3, plays=None, video=post.plays is not None, disabled=True)
        plays = None if post.plays is None else self._now(post.plays)
        return media(shortcode, likes=self._now(post.likes), plays=plays, video=post.plays is not None)

    def _now(self, count: Count) -> int:
        return count(self.clock()) if callable(count) else count


class InstagramStandIn(Listener):
    """The stand-in, up from entering to leaving the context; `world` may be exchanged meanwhile."""

    def __init__(self, world: InstagramWorld, remember: int = 1000) -> None:
        """`remember` is the number of requests kept in `requests`, the newest ones."""
        super().__init__(HOSTS, self.answer, remember)
        self.world = world

    def answer(self, asked: HttpRequest) -> HttpAnswer:
        """Answer one request."""
        self.note(asked)
        path = asked.path.partition("?")[0].strip("/")
        if asked.method == "POST" and path in {"api/graphql", "graphql/query"}:
            return self._query(asked, visitors=path == "api/graphql")
        if asked.method == "GET" and "/" not in path:
            return self.world.profile(path) if path else self.world.start_page()
        return MISSING

    def _query(self, asked: HttpRequest, *, visitors: bool) -> HttpAnswer:
        if isinstance(self.world, LoggedInWorld) and (not visitors or asked.cookies.get("sessionid")):
            return self.world.member(asked)
        if not visitors:
            return MISSING
        variables = json.loads(asked.form.get("variables", "{}"))
        if asked.form.get("doc_id") == _ACCOUNT_QUERY:
            return self.world.account(str(variables.get("id", "")))
        return self.world.post(str(variables.get("shortcode", "")))


def user_id_of(username: str, before: int = 0) -> str:
    """Give the user id of who has this name, after so many others had it before."""
    return str(10**9 + crc32(f"{username} {before}".encode()))


def user(username: str, followers: int, *, private: bool = False, user_id: str = "") -> dict[str, Any]:
    """Make a profile as Instagram describes it; its `id` is another number than the user's, its `pk`."""
    pk = user_id or user_id_of(username)
    return {
        "pk": pk,
        "id": f"17841{pk}",
        "username": username,
        "is_private": private,
        "follower_count": followers,
        "following_count": 150,
        "all_media_count": 321,
    }


def profile_page(username: str, followers: int, *, private: bool = False, user_id: str = "") -> HttpAnswer:
    """Make a profile page; as on the real one, two query results share the user between them."""
    return _page_of(user(username, followers, private=private, user_id=user_id))


def _page_of(shown: dict[str, Any]) -> HttpAnswer:
    timeline = {"edges": [], "page_info": {"has_next_page": False, "end_cursor": None}}
    second = {name: shown[name] for name in ("pk", "username")}
    second["polaris_ordered_timeline_connection"] = timeline
    return page({"xig_user_by_username": shown}, {"xig_user_by_username": second})


def account_answer(shown: Any) -> HttpAnswer:
    """Make the answer to the query for a user id; None when it is nobody's."""
    return json_answer({"data": {"user": shown}, "status": "ok"})


def page(*results: Any) -> HttpAnswer:
    """Make a page that embeds the data of query results."""
    boxes = [{"__bbox": {"complete": True, "result": {"data": data}}} for data in results]
    script = json.dumps({"require": [["ScheduledServerJS", "handle", None, boxes]]})
    return HttpAnswer(f'<html><script type="application/json" data-sjs>{script}</script></html>')


def media(
    shortcode: str, *, likes: int | None, plays: int | None, video: bool = True, disabled: bool = False
) -> dict[str, Any]:
    """Make a post as Instagram describes it."""
    return {
        "code": shortcode,
        "pk": "3300000000000000001",
        "media_type": 2 if video else 1,
        "taken_at": 1760000000,
        "user": {"pk": "787132", "username": "natgeo", "full_name": "x"},
        "like_count": likes,
        "comment_count": 7,
        "like_and_view_counts_disabled": disabled,
        "view_count": None,
        "play_count": plays,
    }


def post_answer(item: Any) -> HttpAnswer:
    """Make the answer to the query for one post; None when there is none."""
    info = None if item is None else {"items": [item]}
    return json_answer({"data": {"xdt_api__v1__media__shortcode__web_info": info}, "status": "ok"})


def json_answer(body: Any) -> HttpAnswer:
    """Make an answer of JSON."""
    return HttpAnswer(json.dumps(body), headers=(("Content-Type", "application/json"),))
