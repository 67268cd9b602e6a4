"""Validates Graph's answers and reads counts from them; a missing value is never guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.errors import BadInputError
from monitor.model.link import LinkKind, parse_link
from monitor.model.snapshot import Outcome
from monitor.sources.graph.query import is_cursor
from monitor.sources.read_result import ReadResult, malformed, printable, read_count

_ACCOUNT_ID = re.compile(r"[0-9]{1,20}")
_WITHOUT_VIEWS = {"IMAGE": "an image", "CAROUSEL_ALBUM": "a carousel"}


@dataclass(frozen=True, slots=True)
class Media:
    """A page of a profile's media."""

    by_shortcode: Mapping[str, Mapping[str, Any]]
    length: int
    """Number of media on the page."""
    unidentified: int
    """Number of them without a shortcode."""
    cursor: str
    """Cursor of the next page; empty on the last one."""


def profile(body: Any, username: str) -> Mapping[str, Any] | ReadResult:
    """Return the profile of an answer; it must be the requested one."""
    found = body.get("business_discovery") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        return malformed("the answer contains no profile")
    name = found.get("username")
    if not isinstance(name, str) or not name.isascii() or name.lower() != username:
        return malformed(f"asked for {username}, got {printable(name)!r}")
    return found


def account_id(shown: Mapping[str, Any]) -> str:
    """Return Graph's id of a profile; empty if it gives none."""
    found = shown.get("id")
    return found if isinstance(found, str) and _ACCOUNT_ID.fullmatch(found) else ""


def followers(shown: Mapping[str, Any]) -> ReadResult:
    """Read the follower count of a profile."""
    return read_count(shown, "followers_count")


def media(shown: Mapping[str, Any], *, first: bool) -> Media | ReadResult:
    """Read a page of media.

    Graph omits an empty edge; on the first page `media_count` must then be 0. An empty page with a cursor is
    not the last one: Graph leaves out media without permission.
    """
    edge = shown.get("media", {"data": []})
    data = edge.get("data") if isinstance(edge, dict) else None
    if not isinstance(data, list) or not all(isinstance(medium, dict) for medium in data):
        return malformed("the media are not a list of objects")
    cursor = _cursor(edge.get("paging"))
    if isinstance(cursor, ReadResult):
        return cursor
    if first and not data and not cursor and shown.get("media_count") != 0:
        return malformed("the answer contains no media, but media_count is not 0")
    named = [
        (_shortcode(medium), medium) for medium in reversed(data)
    ]  # of two with the same code the first one is kept
    unidentified = sum(not code for code, _ in named)
    return Media({code: medium for code, medium in named if code}, len(data), unidentified, cursor)


def likes(medium: Mapping[str, Any]) -> ReadResult:
    """Read the likes of a post; Graph omits them if the owner hides them."""
    if medium.get("like_count") is None:
        return ReadResult(Outcome.HIDDEN, detail="like_count is missing: the owner hides it")
    return read_count(medium, "like_count")


def views(medium: Mapping[str, Any]) -> ReadResult:
    """Read the views of a reel; Graph omits them if the owner hides them and for other media."""
    if medium.get("view_count") is not None:
        return read_count(medium, "view_count")
    kind = medium.get("media_type")
    if isinstance(kind, str) and kind in _WITHOUT_VIEWS:
        return ReadResult(Outcome.HIDDEN, detail=f"{_WITHOUT_VIEWS[kind]}: only reels have views")
    return ReadResult(Outcome.HIDDEN, detail="view_count is missing: the owner hides it, or it is not a reel")


def _shortcode(medium: Mapping[str, Any]) -> str:
    """Return the shortcode of a post, from its permalink if Graph gives none; empty if unknown."""
    if "shortcode" in medium:
        code = medium["shortcode"]
        return code if isinstance(code, str) else ""
    permalink = medium.get("permalink")
    try:
        link = parse_link(permalink).link if isinstance(permalink, str) else None
    except BadInputError:
        return ""
    return link.key if link is not None and link.kind is LinkKind.POST else ""


def _cursor(paging: Any) -> str | ReadResult:
    """Return the cursor of the next page; empty if there is none."""
    if paging is None:
        return ""
    cursors = paging.get("cursors") if isinstance(paging, dict) else paging
    if cursors is None:
        return ""
    after = cursors.get("after", "") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or (after and not is_cursor(after)):
        return malformed("the cursor of the media is invalid")
    return after
