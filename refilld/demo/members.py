"""A stand-in for Instagram with logged-in members, who see the plays of a video."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from refilld.demo.instagram import LOGIN_WALL, DemoInstagram, json_answer, post_answer
from refilld.demo.tunnel import HttpAnswer, HttpRequest

POST_QUERY = "27128499623469141"
CLIPS_QUERY = "27234427476213202"
TIMELINE_QUERY = "29104886249145907"


@dataclass(slots=True)
class MembersWorld(DemoInstagram):
    """Only requests with the cookies of a session see the plays of a video."""

    sessions: dict[str, str] = field(default_factory=dict)
    """User ids by `sessionid`."""
    refusal: HttpAnswer = LOGIN_WALL
    """The answer to an unknown or expired session."""
    shown_among_clips_only: bool = False
    """Members see the plays only in the list of an owner's clips."""

    def post(self, shortcode: str) -> HttpAnswer:
        """Answer a visitor, without the plays."""
        return self.outage or post_answer(self._described(shortcode, plays=False))

    def member(self, request: HttpRequest) -> HttpAnswer:
        """Answer a query that carries the cookies of a login."""
        known = self.sessions.get(request.cookies.get("sessionid", ""))
        if self.outage or known is None or known != request.cookies.get("ds_user_id"):
            return self.outage or self.refusal
        return self._answer(request.form.get("doc_id", ""), json.loads(request.form.get("variables", "{}")))

    def _answer(self, query: str, variables: Mapping[str, Any]) -> HttpAnswer:
        if query == POST_QUERY:
            plays = not self.shown_among_clips_only
            return post_answer(self._described(str(variables.get("shortcode")), plays=plays))
        if query == CLIPS_QUERY:
            return clips_answer(self._timeline())
        if query == TIMELINE_QUERY:
            return timeline_answer(self._timeline())
        return json_answer({"data": None, "status": "ok"})

    def _timeline(self) -> list[dict[str, Any]]:
        shown = (self._described(shortcode, plays=True) for shortcode in list(self.posts)[:12])
        owner = {"is_private": False, "profile_pic_url": ""}  # fields that instaloader requires here
        return [one | {"has_liked": False, "user": one["user"] | owner} for one in shown if one is not None]

    def _described(self, shortcode: str, *, plays: bool) -> dict[str, Any] | None:
        post = self.posts.get(shortcode)
        if post is None:
            return None
        described = self._media(shortcode, post)
        kind = "clips" if post.plays is not None else "feed"
        return described | {"product_type": kind} | ({} if plays else {"play_count": None})


def timeline_answer(posts: list[dict[str, Any]]) -> HttpAnswer:
    """The answer to the query for a profile's newest posts."""
    page_info = {"has_next_page": False, "end_cursor": None}
    edges = [{"node": post} for post in posts]
    connection = {"edges": edges, "page_info": page_info}
    return json_answer(
        {"data": {"xdt_api__v1__feed__user_timeline_graphql_connection": connection}, "status": "ok"}
    )


def clips_answer(posts: list[dict[str, Any]]) -> HttpAnswer:
    """The answer to the query for a profile's newest clips."""
    edges = [
        {"node": {"media": {name: post[name] for name in ("code", "pk", "play_count")}}} for post in posts
    ]
    return json_answer(
        {"data": {"xdt_api__v1__clips__user__connection_v2": {"edges": edges}}, "status": "ok"}
    )
