"""A source together with its configured budget and pauses."""

from dataclasses import dataclass
from datetime import timedelta

from monitor.model.link import Link, LinkKind, parse_username
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget
from monitor.sources.contract import Source


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One enabled source with its configuration."""

    source: Source
    budget: Budget
    first_pause: timedelta
    """Pause after the first refusal; each further refusal doubles it."""
    canary: Target | None = None
    """A profile that always exists, read after a pause and to verify that the source can see profiles."""


def canary_for(source: Source, username: str) -> Target | None:
    """Return the canary of a source; None without a username, or when the source does not read followers.

    Raises BadInputError for a username that no profile can have.
    """
    if not username:
        return None
    canary = Target(
        Link(LinkKind.PROFILE, parse_username(username, f"sources.{source.name}.canary")), Metric.FOLLOWERS
    )
    readable = canary.metric in source.metrics and source.request_key(canary) is not None
    return canary if readable else None
