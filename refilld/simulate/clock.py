"""The clock of a simulation: it jumps to the next event instead of sleeping."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

SimulationEvent = Callable[[], object]


class SimulationClock:
    """The simulated time, and a queue of events."""

    def __init__(self, begin: datetime, end: datetime) -> None:
        self._now = begin
        self._end = end
        self._numbers = count()
        self._events: list[tuple[datetime, int, SimulationEvent]] = []

    def now(self) -> datetime:
        return self._now

    @property
    def over(self) -> bool:
        return self._now >= self._end

    def at(self, time: datetime, event: SimulationEvent) -> None:
        """Schedule an event; events at the same time run in the order of scheduling."""
        heapq.heappush(self._events, (time, next(self._numbers), event))

    def every(self, interval: timedelta, event: SimulationEvent) -> None:
        """Schedule an event now and after every interval."""

        def repeat() -> None:
            event()
            self.at(self._now + interval, repeat)

        self.at(self._now, repeat)

    def wait(self, duration: timedelta) -> bool:
        """Advance by a duration, or to the next event if that is earlier; return whether an event is due.

        The sampling job waits with this function, so that its round ends at the next event.
        """
        stop = self._next
        if stop - self._now <= duration:
            self._now = max(self._now, stop)
            return True
        self._now += duration
        return False

    def advance(self, until: datetime | None) -> None:
        """Jump to a time, or to the next event if that is earlier; None jumps to the next event."""
        self._now = self._next if until is None else min(until, self._next)

    def run_due(self) -> None:
        """Run all events that are due."""
        while self._events and self._events[0][0] <= self._now and not self.over:
            _, _, event = heapq.heappop(self._events)
            event()

    @property
    def _next(self) -> datetime:
        return min(self._events[0][0], self._end) if self._events else self._end
