"""A source's budget: at most so many requests in any hour, and so much time between two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one source."""

    requests_per_hour: int
    spacing: timedelta

    def free_at(self, latest: Sequence[datetime]) -> datetime | None:
        """When the next request may go out; None means at once.

        `latest` are the times of the newest requests, newest first; `requests_per_hour` of them
        are enough. Each request frees its place exactly one hour after it was sent.
        """
        if not latest:
            return None
        free = latest[0] + self.spacing
        if len(latest) >= self.requests_per_hour:
            free = max(free, latest[self.requests_per_hour - 1] + HOUR)
        return free
