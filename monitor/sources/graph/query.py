"""The query to Graph: a field expression for one profile and a page of its media.

Brackets and commas have a meaning in the expression, so only valid usernames and cursors are inserted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model.link import is_username
from monitor.model.target import Metric, Target

PAGE = 100
"""Media per page; Meta documents no limit, and public programs request up to 300."""
_MEDIUM = "shortcode,permalink,media_type,media_product_type,like_count,view_count"
_SHORTCODE = re.compile(r"[A-Za-z0-9_-]{5,40}")
_CURSOR = re.compile(r"[A-Za-z0-9_=+/-]{1,1024}")


@dataclass(frozen=True, slots=True)
class Query:
    """The counts requested of one profile: its followers and those of its posts."""

    username: str
    followers: bool
    shortcodes: frozenset[str]

    def fields(self, cursor: str = "") -> str:
        """Return the expression for the first page of media, or for the page after a cursor."""
        parts = ["username"]
        if self.followers and not cursor:
            parts.append("followers_count")
        if self.shortcodes:
            after = f".after({cursor})" if cursor else ""
            parts += ["media_count", f"media{after}.limit({PAGE}){{{_MEDIUM}}}"]
        return f"business_discovery.username({self.username}){{{','.join(parts)}}}"


def query(targets: Sequence[Target]) -> Query | None:
    """Return the query for targets of one profile; None if they have several profiles or an unknown one."""
    usernames = {username_of(target) for target in targets}
    username = usernames.pop() if len(usernames) == 1 else None
    if username is None:
        return None
    posts = frozenset(target.link.key for target in targets if target.metric is not Metric.FOLLOWERS)
    return Query(username, any(target.metric is Metric.FOLLOWERS for target in targets), posts)


def username_of(target: Target) -> str | None:
    """Return the username of the profile that shows a target; None if unknown or invalid."""
    link = target.link
    if link.kind is not target.metric.counted_on:
        return None
    if target.metric is Metric.FOLLOWERS:
        name = target.username_now or link.key
    else:
        name = target.owner if target.owner and _SHORTCODE.fullmatch(link.key) else ""
    return name.lower() if name and is_username(name) else None


def is_cursor(text: str) -> bool:
    """Whether this is a valid cursor."""
    return _CURSOR.fullmatch(text) is not None
