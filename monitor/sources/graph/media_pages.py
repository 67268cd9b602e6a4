"""Reads pages of a profile's media, newest first, until every requested post is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from monitor.model.snapshot import Outcome
from monitor.sources.graph.query import PAGE, Query
from monitor.sources.graph.response_schema import Media, account_id, followers, media
from monitor.sources.read_result import ReadResult

MOST_PAGES = 5
"""Maximum pages per look; an older post is not found."""


class PageFetcher(Protocol):
    """Fetches a page of a profile's media."""

    def ask(self, query: Query, cursor: str) -> Mapping[str, Any] | ReadResult:
        """Fetch a profile and the page of its media after the cursor."""


_NOT_REQUESTED = ReadResult(Outcome.SCHEMA, detail="nothing was requested")


@dataclass(slots=True)
class MediaScan:
    """What was read of one profile."""

    followers: ReadResult | None = None
    account: str = ""
    """Graph's id of the profile; empty if not given."""
    media: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The requested posts that were found, by shortcode."""
    length: int = 0
    """Number of media read."""
    unidentified: int = 0
    """Number of media without a shortcode."""
    missing: ReadResult = _NOT_REQUESTED
    """The result for everything that was not found."""


def scan_pages(fetcher: PageFetcher, query: Query) -> MediaScan:
    """Read a profile, and pages of its media as far as needed."""
    scan, cursors = MediaScan(), [""]
    while len(cursors) <= MOST_PAGES:
        length = scan.length
        cursor = _page(fetcher, query, scan, cursors[-1])
        if not cursor or query.shortcodes <= scan.media.keys():
            return scan
        if cursor in cursors:
            if scan.length == length:  # an empty page that repeats its cursor has nothing after it
                return scan
            scan.missing = ReadResult(Outcome.SCHEMA, detail="a cursor of the media repeats")
            return scan
        cursors.append(cursor)
    newest = f"the newest {scan.length} media of {query.username}, and older ones are not asked for"
    scan.missing = replace(_not_found(scan, newest), out_of_reach=True)
    return scan


def _page(fetcher: PageFetcher, query: Query, scan: MediaScan, cursor: str) -> str:
    """Read one page; return the cursor of the next one, empty if there is none."""
    shown = fetcher.ask(query, cursor)
    if isinstance(shown, ReadResult):
        scan.missing = shown
        return ""
    scan.account = scan.account or account_id(shown)
    if query.followers and not cursor:
        scan.followers = followers(shown)
    if not query.shortcodes:
        return ""
    page = media(shown, first=not cursor)
    if isinstance(page, ReadResult):
        scan.missing = page
        return ""
    found = query.shortcodes & page.by_shortcode.keys()
    scan.media = {code: page.by_shortcode[code] for code in found} | scan.media
    scan.length += page.length
    scan.unidentified += page.unidentified
    scan.missing = _not_found(scan, f"the {scan.length} media of {query.username}")
    return "" if _is_last(page, scan, shown.get("media_count")) else page.cursor


def _is_last(page: Media, scan: MediaScan, total: Any) -> bool:
    """Whether a page is the last one; also the last page has a cursor."""
    return page.length < PAGE and type(total) is int and scan.length >= total


def _not_found(scan: MediaScan, media_read: str) -> ReadResult:
    if scan.unidentified:
        return ReadResult(
            Outcome.SCHEMA,
            detail=f"not among {media_read}, of which {scan.unidentified} have no shortcode",
        )
    return ReadResult(Outcome.UNAVAILABLE, detail=f"not among {media_read}")
