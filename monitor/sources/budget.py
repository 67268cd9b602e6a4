"""A source's budget: so many requests in any hour and any day, and so much time between two of them.

What counts is what was sent before: nothing is drawn at random and nothing is kept beside the requests,
so that all daemons, and a daemon after a restart, come to the same moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from monitor.sources.rate_limit_state import RateLimitState

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)
NO_RATE_LIMIT = RateLimitState()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HASHES = 1 << 64

NthRequest = Callable[[int, datetime], datetime | None]
"""Gives the time of the n-th newest request after a moment; None when there were fewer."""


class Purpose(StrEnum):
    """What a request is for."""

    LOOK = "look"
    """Routine: targets that are due."""
    CHECK = "check"
    """Somebody waits for the answer (`refilld check`); this may use the reserve, too."""
    CANARY = "canary"
    """A profile that always exists, asked whether the source can see at all."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many requests in any time of this length."""

    places: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one source."""

    requests_per_hour: int
    spacing: timedelta
    requests_per_day: int | None = None
    """None: only the hour counts."""
    jitter: int = 0
    """Each time between two requests is longer by up to so many percent, never shorter."""
    reserve: int = 0
    """Percent of the hour and the day that routine leaves to manual checks; below 100."""

    def limits(self, purpose: Purpose = Purpose.LOOK) -> tuple[RateLimit, ...]:
        """What may be used for this purpose, all requests counted."""
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
        """When the next request may go out: a time to come, or None when it may at once.

        Each request frees its place exactly one hour (one day) after it was sent.
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
        """The end of the time that is kept after a request.

        Under strain requests go out evenly, and then ever slower, until the strain is forgotten.
        """
        stretch = 1 + self.jitter / 100 * deterministic_jitter(newest)
        usual = newest + self.spacing * stretch
        if rate_limit_state.slow_until is None:
            return usual
        even = max(self.spacing, HOUR / self.requests_per_hour)
        return max(
            usual, min(newest + even * (rate_limit_state.slowness * stretch), rate_limit_state.slow_until)
        )

    def _reserved(self, places: int) -> int:
        """The share that is reserved, rounded down: routine keeps at least one place."""
        return places * self.reserve // 100


def deterministic_jitter(at: datetime) -> float:
    """A number from 0 to below 1, as good as random, and the same whoever asks."""
    micros = (at - _EPOCH) // timedelta.resolution
    return int.from_bytes(blake2b(micros.to_bytes(9, signed=True), digest_size=8).digest()) / _HASHES
