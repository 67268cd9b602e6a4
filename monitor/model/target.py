"""A target: a profile's followers, or a post's likes or views."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.link import Link, LinkKind


class Metric(StrEnum):
    """What is counted."""

    FOLLOWERS = "followers"
    LIKES = "likes"
    VIEWS = "views"

    @property
    def counted_on(self) -> LinkKind:
        """The kind of page that shows this count."""
        return LinkKind.PROFILE if self is Metric.FOLLOWERS else LinkKind.POST


@dataclass(frozen=True, slots=True)
class Target:
    """One target; canonical link and metric together are its identity."""

    link: Link
    metric: Metric
    owner: str | None = field(default=None, compare=False)
    """Username of a post's owner, if an order names it."""
    account: str | None = field(default=None, compare=False)
    """Numeric user id of the profile, as first read with a count."""
    username_now: str | None = field(default=None, compare=False)
    """Current username of a profile that was renamed after the sale."""
