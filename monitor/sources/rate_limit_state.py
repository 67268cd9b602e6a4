"""Strain: what a platform last said of its own limit, and what is made of it.

Meta's headers (`X-App-Usage`, `X-Business-Use-Case-Usage`) tell the percentage of a rolling hour that is
used up. From 75 percent on requests go out slower, at 90 none does until that hour has rolled.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.sources.contract import RateLimitHint

SLOW_FROM = 75
STOP_FROM = 90
"""Percent used: from here slower, from there not at all."""
SLOWEST = 4
"""So many times the even pace is kept between two requests just before the stop."""
ROLLED_AFTER = timedelta(hours=1)
"""The platform's window: what it said of its limit is forgotten after so long."""
LONGEST_WAIT = timedelta(hours=24)
"""No platform can silence a source for longer by a single answer."""
_MOST_PERCENT = 999


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """What is remembered of a platform's limit; kept in the database, for all daemons."""

    used_percent: int | None = None
    used_at: datetime | None = None
    """When the platform said so."""
    wait_until: datetime | None = None
    """Nothing is asked before."""

    def after(self, rate_limit: RateLimitHint, now: datetime) -> "RateLimitState":
        """The strain after one more answer; a wait is never cut short by an answer that came later."""
        after = self
        if rate_limit.used_percent is not None:
            used = min(max(rate_limit.used_percent, 0), _MOST_PERCENT)
            after = replace(after, used_percent=used, used_at=now)
        wait = _wait(rate_limit)
        if wait is None:
            return after
        return replace(after, wait_until=max(self.waits_until(now) or now, now + wait))

    @property
    def slowness(self) -> float:
        """How many times longer than the even pace is kept between two requests, until `slow_until`."""
        beyond = min(max((self.used_percent or 0) - SLOW_FROM, 0), STOP_FROM - SLOW_FROM)
        return 1 + (SLOWEST - 1) * beyond / (STOP_FROM - SLOW_FROM)

    @property
    def slow_until(self) -> datetime | None:
        """When the strain that slows requests down is forgotten; None when there is none."""
        slow = self.used_percent is not None and self.used_percent >= SLOW_FROM
        return self.used_at + ROLLED_AFTER if slow and self.used_at is not None else None

    def used(self, now: datetime) -> int | None:
        """Percent of the platform's limit in use, as far as is known."""
        known = self.used_at is not None and now < self.used_at + ROLLED_AFTER
        return self.used_percent if known else None

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when the platform wants to be left alone; None when it may be asked.

        A wait longer than any was noted under a clock that was wrong.
        """
        until = self.wait_until
        return until if until is not None and now < until <= now + LONGEST_WAIT else None


def _wait(rate_limit: RateLimitHint) -> timedelta | None:
    if rate_limit.wait is not None and rate_limit.wait > timedelta(0):
        return min(rate_limit.wait, LONGEST_WAIT)
    full = rate_limit.used_percent is not None and rate_limit.used_percent >= STOP_FROM
    return ROLLED_AFTER if full else None
