"""Leafing through a profile's media, newest first, until every asked post was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.model.snapshot import Outcome
from monitor.sources.graph.query import PAGE, Query
from monitor.sources.graph.response_schema import Media, followers, media
from monitor.sources.read_result import ReadResult

MOST_PAGES = 5
"""Pages of one look; a post behind them costs as much at each look, and is never seen."""


class PageRequest(Protocol):
    """The way to Graph."""

    def ask(self, query: Query, cursor: str) -> Mapping[str, Any] | ReadResult:
        """Ask for a profile and the page of its media behind the cursor."""


_NOTHING = ReadResult(Outcome.SCHEMA, detail="nothing was asked")


@dataclass(slots=True)
class MediaScan:
    """What was seen of one profile."""

    followers: ReadResult | None = None
    media: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The asked posts that were found, by their shortcodes."""
    length: int = 0
    """How many media were looked through."""
    nameless: int = 0
    """How many of them do not say which post they are."""
    rest: ReadResult = _NOTHING
    """What is to be said of all that was not seen."""


def scan_pages(wire: PageRequest, query: Query) -> MediaScan:
    """Look at a profile, and through its media as far as needed."""
    seen, cursors = MediaScan(), [""]
    while len(cursors) <= MOST_PAGES:
        cursor = _page(wire, query, seen, cursors[-1])
        if not cursor or query.shortcodes <= seen.media.keys():
            return seen
        if cursor in cursors:
            seen.rest = ReadResult(Outcome.SCHEMA, detail="the media lead round in a circle")
            return seen
        cursors.append(cursor)
    newest = f"the newest {seen.length} media of {query.username}, and older ones are not asked for"
    seen.rest = _absent(seen, newest, Outcome.HIDDEN)  # which is no sign that the post is gone
    return seen


def _page(wire: PageRequest, query: Query, seen: MediaScan, cursor: str) -> str:
    """Take one page in; returns where the next one begins, nothing where there is none."""
    shown = wire.ask(query, cursor)
    if isinstance(shown, ReadResult):
        seen.rest = shown
        return ""
    if query.followers and not cursor:
        seen.followers = followers(shown)
    if not query.shortcodes:
        return ""
    page = media(shown, first=not cursor)
    if isinstance(page, ReadResult):
        seen.rest = page
        return ""
    found = query.shortcodes & page.by_shortcode.keys()
    seen.media = {code: page.by_shortcode[code] for code in found} | seen.media
    seen.length += page.length
    seen.nameless += page.nameless
    seen.rest = _absent(seen, f"the {seen.length} media of {query.username}")
    return "" if _ends(page, seen, shown.get("media_count")) else page.cursor


def _ends(page: Media, seen: MediaScan, total: Any) -> bool:
    """Whether a page is the last one, though it has a cursor, as every page has."""
    return page.length < PAGE and type(total) is int and seen.length >= total


def _absent(seen: MediaScan, those: str, outcome: Outcome = Outcome.UNAVAILABLE) -> ReadResult:
    if seen.nameless:
        return ReadResult(
            Outcome.SCHEMA,
            detail=f"not among {those}, of which {seen.nameless} do not say which post they are",
        )
    return ReadResult(outcome, detail=f"not among {those}")
