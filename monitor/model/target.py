"""A target is one counted thing: a profile's followers, or a post's likes or views."""

from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.link import Link, LinkKind


class Metric(StrEnum):
    """What is counted, by the trade's words."""

    FOLLOWERS = "followers"
    LIKES = "likes"
    VIEWS = "views"

    @property
    def counted_on(self) -> LinkKind:
        """The kind of page that carries this count."""
        return LinkKind.PROFILE if self is Metric.FOLLOWERS else LinkKind.POST


@dataclass(frozen=True, slots=True)
class Target:
    """One counted thing; canonical link and metric together are its identity."""

    link: Link
    metric: Metric
    owner: str | None = field(default=None, compare=False)
    """Username of a post's owner, where an order named it."""
    account: str | None = field(default=None, compare=False)
    """Numeric user id of the profile, once a count has fixed it."""
    username_now: str | None = field(default=None, compare=False)
    """The name that the profile goes by now, where it was renamed since it was sold."""
