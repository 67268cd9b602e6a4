"""A stand-in for Instagram on loopback: profiles and posts in memory, in Instagram's response shapes."""

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
"""A fixed number, or a function of time."""

MISSING = HttpAnswer("<html><title>Page not found</title></html>", 404)
RATE_LIMITED = HttpAnswer("", 429)
DOWN = HttpAnswer("", 503)
LOGIN_WALL = HttpAnswer("", 302, (("Location", "https://www.instagram.com/accounts/login/"),))
_USER_QUERY = "27937681195819736"
_COOKIE = ("Set-Cookie", "csrftoken=stand-in; Domain=.instagram.com; Path=/; Secure")
START_PAGE = HttpAnswer(
    '<html>["LSD",[],{"token":"stand-in-lsd"},323] "IG_USER_EIMU":"0"</html>', headers=(_COOKIE,)
)


class InstagramWorld(Protocol):
    """The answers of the stand-in; called from several threads at a time."""

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
    """Additional answers of a world with logged-in members."""

    def member(self, request: HttpRequest) -> HttpAnswer:
        """Answer a query that carries the cookies of a login."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile; its username is the key in `DemoInstagram.profiles`."""

    followers: Count
    private: bool = False
    user_id: str = ""
    """Empty: derived from the username. Set by `rename`, which keeps it."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post; a video if it has plays, which the stand-in (unlike Instagram) shows without a login."""

    likes: Count
    plays: Count | None = None
    hidden: bool = False
    """The owner hides the counts."""


@dataclass(slots=True)
class DemoInstagram:
    """Profiles by username and posts by shortcode, which may change at any time."""

    clock: Callable[[], datetime]
    profiles: dict[str, Profile] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    outage: HttpAnswer | None = None
    """The answer to every request while set, for example `RATE_LIMITED`, `DOWN` or `LOGIN_WALL`."""
    _renamed: Counter[str] = field(default_factory=Counter)
    """How many profiles had a username before."""

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
        """Rename a profile, which keeps its user id; a new profile with the old name gets another id."""
        profile = self.profiles.pop(username)
        self.profiles[new] = replace(profile, user_id=self._user_id(username, profile))
        self._renamed[username] += 1

    def post(self, shortcode: str) -> HttpAnswer:
        post = self.posts.get(shortcode)
        if self.outage or post is None:
            return self.outage or post_answer(None)
        return post_answer(self._media(shortcode, post))

    def _user(self, username: str, profile: Profile) -> dict[str, Any]:
        followers, user_id = self._now(profile.followers), self._user_id(username, profile)
        return user(username, followers, private=profile.private, user_id=user_id)

    def _user_id(self, username: str, profile: Profile) -> str:
        return profile.user_id or user_id_of(username, self._renamed[username])

    def _media(self, shortcode: str, post: Post) -> dict[str, Any]:
        if post.hidden:  # Instagram's placeholder for hidden likes is 3
            return media(shortcode, likes=3, plays=None, video=post.plays is not None, disabled=True)
        plays = None if post.plays is None else self._now(post.plays)
        return media(shortcode, likes=self._now(post.likes), plays=plays, video=post.plays is not None)

    def _now(self, count: Count) -> int:
        return count(self.clock()) if callable(count) else count


class InstagramStandIn(Listener):
    """The running stand-in, as a context manager; `world` may be replaced while it runs."""

    def __init__(self, world: InstagramWorld, remember: int = 1000) -> None:
        """`requests` keeps the `remember` newest requests."""
        super().__init__(HOSTS, self.answer, remember)
        self.world = world

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request."""
        self.note(request)
        path = request.path.partition("?")[0].strip("/")
        if request.method == "POST" and path in {"api/graphql", "graphql/query"}:
            return self._query(request, visitors=path == "api/graphql")
        if request.method == "GET" and "/" not in path:
            return self.world.profile(path) if path else self.world.start_page()
        return MISSING

    def _query(self, request: HttpRequest, *, visitors: bool) -> HttpAnswer:
        if isinstance(self.world, LoggedInWorld) and (not visitors or request.cookies.get("sessionid")):
            return self.world.member(request)
        if not visitors:
            return MISSING
        variables = json.loads(request.form.get("variables", "{}"))
        if request.form.get("doc_id") == _USER_QUERY:
            return self.world.account(str(variables.get("id", "")))
        return self.world.post(str(variables.get("shortcode", "")))


def user_id_of(username: str, before: int = 0) -> str:
    """The user id of the profile with this name, after `before` other profiles had it."""
    return str(10**9 + crc32(f"{username} {before}".encode()))


def user(username: str, followers: int, *, private: bool = False, user_id: str = "") -> dict[str, Any]:
    """A profile in Instagram's shape; `pk` is the user id, `id` another number."""
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
    """A profile page; as on the real page, the user is spread over two query results."""
    return _page_of(user(username, followers, private=private, user_id=user_id))


def _page_of(shown: dict[str, Any]) -> HttpAnswer:
    timeline = {"edges": [], "page_info": {"has_next_page": False, "end_cursor": None}}
    second = {name: shown[name] for name in ("pk", "username")}
    second["polaris_ordered_timeline_connection"] = timeline
    return page({"xig_user_by_username": shown}, {"xig_user_by_username": second})


def account_answer(shown: Any) -> HttpAnswer:
    """The answer to the query for a user id; `shown` is None for an unknown id."""
    return json_answer({"data": {"user": shown}, "status": "ok"})


def page(*results: Any) -> HttpAnswer:
    """A page with embedded query results."""
    boxes = [{"__bbox": {"complete": True, "result": {"data": data}}} for data in results]
    script = json.dumps({"require": [["ScheduledServerJS", "handle", None, boxes]]})
    return HttpAnswer(f'<html><script type="application/json" data-sjs>{script}</script></html>')


def media(
    shortcode: str, *, likes: int | None, plays: int | None, video: bool = True, disabled: bool = False
) -> dict[str, Any]:
    """A post in Instagram's shape."""
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
    """The answer to the query for one post; `item` is None for an unknown post."""
    info = None if item is None else {"items": [item]}
    return json_answer({"data": {"xdt_api__v1__media__shortcode__web_info": info}, "status": "ok"})


def json_answer(body: Any) -> HttpAnswer:
    """An answer with a JSON body."""
    return HttpAnswer(json.dumps(body), headers=(("Content-Type", "application/json"),))
