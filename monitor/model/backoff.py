"""Back-off: how long a refill waits after a failure, before it may be claimed again."""

from dataclasses import dataclass
from datetime import timedelta

_MOST_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential: doubled after each further failure, up to a longest wait."""

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=6)

    def wait(self, attempt: int, jitter: float) -> timedelta:
        """The wait after the failure of an attempt, of which 1 is the first one.

        `jitter` from 0 to 1 spreads it between half of it and all of it, so that refills that failed together
        are not tried again together.
        """
        doublings = min(max(attempt - 1, 0), _MOST_DOUBLINGS)
        longest = self.longest.total_seconds()
        seconds = min(self.first.total_seconds() * 2.0**doublings, longest)
        return timedelta(seconds=seconds * (1 + jitter) / 2)
