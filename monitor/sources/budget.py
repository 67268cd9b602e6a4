"""The budget of a source: limits on the requests in any hour and any day, and a minimum spacing.

The time of the next request is a function of the requests sent before. There is no random state, so all
daemons, also after a restart, compute the same time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from monitor.model.instants import EPOCH
from monitor.sources.rate_limit_state import RateLimitState

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before every request."""
NO_RATE_LIMIT = RateLimitState()
_HASH_RANGE = 1 << 64

NthRequest = Callable[[int, datetime], datetime | None]
"""Returns the time of the n-th newest request after a time; None if there are fewer."""


class Purpose(StrEnum):
    """The purpose of a request."""

    LOOK = "look"
    """A routine look at a target that is due."""
    CHECK = "check"
    """A manual check (`refilld check`), which may use the reserve."""
    CANARY = "canary"
    """A look at a profile that always exists, to test the source."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `places` requests in any period of length `window`."""

    places: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one source."""

    requests_per_hour: int
    spacing: timedelta
    requests_per_day: int | None = None
    """None if there is no daily limit."""
    jitter: int = 0
    """Each spacing is extended by up to this percentage."""
    reserve: int = 0
    """Percent of the hourly and daily limit reserved for manual checks; below 100."""

    def limits(self, purpose: Purpose = Purpose.LOOK) -> tuple[RateLimit, ...]:
        """The limits for a purpose; requests of all purposes count towards them."""
        allowed = ((self.requests_per_hour, HOUR), (self.requests_per_day, DAY))
        return tuple(
            RateLimit(places - (0 if purpose is Purpose.CHECK else self._reserved(places)), window)
            for places, window in allowed
            if places is not None
        )

    def free_at(
        self,
        nth: NthRequest,
        now: datetime,
        purpose: Purpose = Purpose.LOOK,
        rate_limit_state: RateLimitState = NO_RATE_LIMIT,
    ) -> datetime | None:
        """Return when the next request may be sent; None if it may be sent now.

        Each request counts for exactly one hour (one day) after it was sent.
        """
        newest = nth(1, BEGINNING)
        free = [rate_limit_state.waits_until(now) or now]
        free += [] if newest is None else [self._spaced(newest, rate_limit_state)]
        for limit in self.limits(purpose):
            last = nth(limit.places, now - limit.window)
            free += [] if last is None else [last + limit.window]
        until = max(free)
        return until if until > now else None

    def _spaced(self, newest: datetime, rate_limit_state: RateLimitState) -> datetime:
        """Return the end of the spacing after the newest request.

        Near the platform's rate limit requests are spread evenly over the hour and then slowed down further,
        until the platform's report expires.
        """
        extension = 1 + self.jitter / 100 * deterministic_jitter(newest)
        usual = newest + self.spacing * extension
        if rate_limit_state.slow_until is None:
            return usual
        even = max(self.spacing, HOUR / self.requests_per_hour)
        return max(
            usual, min(newest + even * (rate_limit_state.slowness * extension), rate_limit_state.slow_until)
        )

    def _reserved(self, places: int) -> int:
        """Requests reserved, rounded down, so that at least one remains for routine looks."""
        return places * self.reserve // 100


def deterministic_jitter(at: datetime) -> float:
    """Return a pseudo-random number in [0, 1) that depends on the time only."""
    microseconds = (at - EPOCH) // timedelta.resolution
    return (
        int.from_bytes(blake2b(microseconds.to_bytes(9, signed=True), digest_size=8).digest()) / _HASH_RANGE
    )
