"""Validates Instagram's answers and reads counts from them; a missing value is never guessed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from monitor.model.link import is_username
from monitor.model.snapshot import Outcome
from monitor.sources.read_result import ReadResult, malformed, printable, read_count

USER = "xig_user_by_username"
USERNAME = re.compile(r"[a-z0-9._]{1,30}")
_ID = re.compile(r"[1-9][0-9]{0,19}")
_ID_LIMIT = 10**20
_COUNTS_DISABLED = "like_and_view_counts_disabled"
_VIDEO = 2


NOT_SHOWN = ReadResult(Outcome.HIDDEN, detail="play_count and view_count are null: not shown without a login")
"""The usual result for the views of a video without a login."""


def followers(pages: Sequence[Mapping[str, Any]], username: str) -> ReadResult:
    """Read the followers from the query results in a profile page, which describe one user together.

    At least one of the results must contain the key of the user; its value may be null.
    """
    users = [page[USER] for page in pages if page.get(USER) is not None]
    if not users:
        return ReadResult(Outcome.NOT_FOUND, detail="the page's user is null")
    if not all(isinstance(user, dict) for user in users):
        return malformed("the page's user is not an object")
    if any(_disagree(users, key) for key in ("username", "pk", "is_private", "follower_count")):
        return malformed("the page contains contradicting values of its user")
    user = {key: value for user in users for key, value in user.items() if value is not None}
    found = user.get("username")
    if not isinstance(found, str) or not found.isascii() or found.lower() != username.lower():
        return malformed(f"asked for {username}, got {printable(found)!r}")
    return _followers(user, username)


def account_followers(user: Mapping[str, Any], account: str) -> ReadResult:
    """Read the followers from the answer to a query by account id; the username may have changed."""
    found = user.get("username")
    if _account(user) != account:
        return malformed(f"asked for account {account}, got {printable(user.get('pk'))!r}")
    if not isinstance(found, str) or not is_username(found):
        return malformed(f"account {account} has no valid username: {printable(found)!r}")
    return _followers(user, found.lower())


def _followers(user: Mapping[str, Any], username: str) -> ReadResult:
    if user.get("is_private") is True:
        seen = ReadResult(Outcome.PRIVATE)
    elif user.get("is_private") is False:
        seen = read_count(user, "follower_count")
    else:
        return malformed("the answer does not say whether the profile is private")
    return replace(seen, account=_account(user), username=username)


def _account(user: Mapping[str, Any]) -> str:
    """The user's numeric id, usually given as text; empty if it is invalid."""
    pk = user.get("pk")
    text = str(pk) if type(pk) is int and 0 < pk < _ID_LIMIT else pk
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def likes(node: Mapping[str, Any]) -> ReadResult:
    """Read the likes of a post; hidden ones are null, -1, or a placeholder with a flag."""
    if node.get(_COUNTS_DISABLED) is True:
        return ReadResult(Outcome.HIDDEN, detail=f"{_COUNTS_DISABLED} is set")
    if "like_count" in node and node["like_count"] in (None, -1):
        return ReadResult(Outcome.HIDDEN, detail=f"like_count is {node['like_count']}")
    return read_count(node, "like_count") if shown(node) else _unknown_flag()


def views(node: Mapping[str, Any]) -> ReadResult:
    """Read the views of a video: the play count, else the older and smaller view count.

    Missing views are `hidden`, not `unavailable`, which can mean that the post is gone.
    """
    if node.get("media_type") != _VIDEO:
        return ReadResult(Outcome.HIDDEN, detail="not a video: only videos have views")
    if node.get(_COUNTS_DISABLED) is True:
        return ReadResult(Outcome.HIDDEN, detail=f"{_COUNTS_DISABLED} is set")
    for key in ("play_count", "view_count"):
        if node.get(key) is not None:
            return read_count(node, key) if shown(node) else _unknown_flag()
    return NOT_SHOWN


def clip_plays(answer: Any, shortcode: str) -> ReadResult:
    """Read a clip's plays from its owner's newest clips; an unexpected structure raises one of `FAULTS`."""
    clips = answer["data"]["xdt_api__v1__clips__user__connection_v2"]
    for edge in clips["edges"] if clips is not None else ():
        media = edge["node"]["media"]
        if media["code"] == shortcode and media.get("play_count") is not None:
            return read_count(media, "play_count")
    return ReadResult(Outcome.HIDDEN, detail="play_count is null, and not among the owner's newest clips")


def shown(node: Mapping[str, Any]) -> bool:
    """Whether the counts are real: without the flag a hidden count's placeholder is not recognizable."""
    return node.get(_COUNTS_DISABLED) is False


def _unknown_flag() -> ReadResult:
    return malformed(f"{_COUNTS_DISABLED} does not say whether the counts are real")


def _disagree(users: Sequence[Mapping[str, Any]], key: str) -> bool:
    values = [user[key] for user in users if user.get(key) is not None]
    return any(type(value) is not type(values[0]) or value != values[0] for value in values)
