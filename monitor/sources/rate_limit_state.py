"""Rate limit state: what a platform last reported of its own limit, and how requests are slowed down.

Meta's headers (`X-App-Usage`, `X-Business-Use-Case-Usage`) report the used percentage of a rolling hour. From
75 percent on requests are slowed down; from 90 percent on none is sent until that hour has passed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.sources.contract import RateLimitHint

SLOW_FROM = 75
STOP_FROM = 90
"""Used percentages from which requests are slowed down, and stopped."""
SLOWEST = 4
"""Factor on the even spacing just before requests stop."""
ROLLED_AFTER = timedelta(hours=1)
"""The platform's rolling window, after which its report expires."""
LONGEST_WAIT = timedelta(hours=24)
"""Maximum pause that a single answer can cause."""
_MAX_PERCENT = 999


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """The last report of a platform's limit; stored in the database for all daemons."""

    used_percent: int | None = None
    used_at: datetime | None = None
    """Time of the report."""
    wait_until: datetime | None = None
    """No request is sent before."""

    def after(self, rate_limit: RateLimitHint, now: datetime) -> "RateLimitState":
        """The state after one more answer; a later answer never shortens a wait."""
        after = self
        if rate_limit.used_percent is not None:
            used = min(max(rate_limit.used_percent, 0), _MAX_PERCENT)
            after = replace(after, used_percent=used, used_at=now)
        wait = _wait(rate_limit)
        if wait is None:
            return after
        return replace(after, wait_until=max(self.waits_until(now) or now, now + wait))

    @property
    def slowness(self) -> float:
        """Factor on the even spacing of requests until `slow_until`."""
        excess = min(max((self.used_percent or 0) - SLOW_FROM, 0), STOP_FROM - SLOW_FROM)
        return 1 + (SLOWEST - 1) * excess / (STOP_FROM - SLOW_FROM)

    @property
    def slow_until(self) -> datetime | None:
        """When the report that slows requests down expires; None if there is none."""
        slow = self.used_percent is not None and self.used_percent >= SLOW_FROM
        return self.used_at + ROLLED_AFTER if slow and self.used_at is not None else None

    def used(self, now: datetime) -> int | None:
        """Used percentage of the platform's limit; None if not reported or expired."""
        known = self.used_at is not None and now < self.used_at + ROLLED_AFTER
        return self.used_percent if known else None

    def waits_until(self, now: datetime) -> datetime | None:
        """End of the wait that the platform asked for; None if requests are allowed.

        A wait beyond the maximum was stored under a wrong clock and is ignored.
        """
        until = self.wait_until
        return until if until is not None and now < until <= now + LONGEST_WAIT else None


def _wait(rate_limit: RateLimitHint) -> timedelta | None:
    if rate_limit.wait is not None and rate_limit.wait > timedelta(0):
        return min(rate_limit.wait, LONGEST_WAIT)
    exhausted = rate_limit.used_percent is not None and rate_limit.used_percent >= STOP_FROM
    return ROLLED_AFTER if exhausted else None
