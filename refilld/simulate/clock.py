"""The virtual clock: nobody sleeps on it, it jumps to what is next."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

Event = Callable[[], object]


class SimulationClock:
    """The simulated time, and what is to happen at which."""

    def __init__(self, begin: datetime, end: datetime) -> None:
        self._now = begin
        self._end = end
        self._numbers = count()
        self._events: list[tuple[datetime, int, Event]] = []

    def now(self) -> datetime:
        return self._now

    @property
    def over(self) -> bool:
        return self._now >= self._end

    def at(self, moment: datetime, event: Event) -> None:
        """Have something happen at a moment, after all that was to happen at it before."""
        heapq.heappush(self._events, (moment, next(self._numbers), event))

    def every(self, interval: timedelta, event: Event) -> None:
        """Have something happen now and at every interval from now on."""

        def again() -> None:
            event()
            self.at(self._now + interval, again)

        self.at(self._now, again)

    def wait(self, duration: timedelta) -> bool:
        """Let so much time pass, or less when something is to happen first; says whether it is so.

        This is what the jobs wait with: a round ends where the world gets on.
        """
        stop = self._next
        if stop - self._now <= duration:
            self._now = max(self._now, stop)
            return True
        self._now += duration
        return False

    def advance(self, until: datetime | None) -> None:
        """Jump to a moment, or to what is to happen before it; None is whenever something happens."""
        self._now = self._next if until is None else min(until, self._next)

    def let_happen(self) -> None:
        """Let everything happen that is due."""
        while self._events and self._events[0][0] <= self._now and not self.over:
            _, _, event = heapq.heappop(self._events)
            event()

    @property
    def _next(self) -> datetime:
        return min(self._events[0][0], self._end) if self._events else self._end
