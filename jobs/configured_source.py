"""An eye: a source together with the budget and the pauses that the configuration sets for it."""

from dataclasses import dataclass
from datetime import timedelta

from monitor.model.link import Link, LinkKind, parse_username
from monitor.model.target import Metric, Target
from monitor.sources.budget import Budget
from monitor.sources.contract import Source


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One source that the jobs may look through."""

    source: Source
    budget: Budget
    first_pause: timedelta
    """Pause after the first refusal; doubled after each further one."""
    canary: Target | None = None
    """A profile that always exists: asked first after a pause, and where nobody vouches for an absence."""


def canary_for(source: Source, username: str) -> Target | None:
    """The canary of a source; None without a name, or where the source does not read followers.

    Raises BadInputError for what no profile can be called.
    """
    if not username:
        return None
    canary = Target(
        Link(LinkKind.PROFILE, parse_username(username, f"sources.{source.name}.canary")), Metric.FOLLOWERS
    )
    readable = canary.metric in source.metrics and source.request_key(canary) is not None
    return canary if readable else None
