"""Nothing is read, though looks are due."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.monitoring import LooksStopped
from monitor.self_monitoring.limits import SelfCheckLimits


@dataclass(frozen=True, slots=True)
class ReadingGap:
    """What is known about the looks."""

    read_at: datetime | None
    """When a source last showed a target; None if never."""
    wanted_since: datetime | None
    """Since when looks are due or were tried without a result; None if none is."""
    reasons: tuple[str, ...] = ()
    """Why, for each source."""


def looks_stopped(gap: ReadingGap | None, limits: SelfCheckLimits, now: datetime) -> LooksStopped | None:
    """The payload if nothing is read; `gap` is None while it is too early to tell."""
    if gap is None or gap.wanted_since is None:
        return None
    since = max(gap.wanted_since, gap.read_at or gap.wanted_since)
    return LooksStopped(since, now, gap.reasons) if now - since >= limits.silent_after else None
