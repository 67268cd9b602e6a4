"""Long polling: requests that wait for a result, limited in number so that other requests are served."""

from collections.abc import Callable
from threading import BoundedSemaphore, Event
from typing import TypeVar

T = TypeVar("T")
POLL_INTERVAL = 0.5
"""Seconds between two queries."""


class WaiterPool:
    """Limits the number of waiting requests; further ones are answered at once."""

    def __init__(self, stopping: Event, places: int) -> None:
        self._stopping = stopping
        self._places = BoundedSemaphore(places)

    def poll(self, query: Callable[[], list[T]], seconds: int, gone: Callable[[], bool]) -> list[T]:
        """Repeat a query until it has a result, the time is over, the client is gone, or the server stops."""
        found = query()
        if found or not seconds or not self._places.acquire(blocking=False):
            return found
        try:
            return self._poll_again(query, round(seconds / POLL_INTERVAL), gone)
        finally:
            self._places.release()

    def _poll_again(self, query: Callable[[], list[T]], rounds: int, gone: Callable[[], bool]) -> list[T]:
        for _ in range(rounds):
            # a refill claimed for a client that is gone would stay claimed until its lease ends
            if self._stopping.wait(POLL_INTERVAL) or gone():
                return []
            found = query()
            if found:
                return found
        return []
