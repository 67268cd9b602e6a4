"""Waiting for something to do, without keeping others from being served."""

from collections.abc import Callable
from threading import BoundedSemaphore, Event
from typing import TypeVar

T = TypeVar("T")
PACE = 0.5
"""Seconds between two questions to the database."""


class WaiterPool:
    """Room for a number of requests that wait; whoever finds it full is answered at once."""

    def __init__(self, stopping: Event, places: int) -> None:
        self._stopping = stopping
        self._places = BoundedSemaphore(places)

    def ask(self, ask: Callable[[], list[T]], seconds: int, gone: Callable[[], bool]) -> list[T]:
        """Ask until there is an answer, for so many seconds, or until the client has gone or we stop."""
        found = ask()
        if found or not seconds or not self._places.acquire(blocking=False):
            return found
        try:
            return self._ask_again(ask, round(seconds / PACE), gone)
        finally:
            self._places.release()

    def _ask_again(self, ask: Callable[[], list[T]], rounds: int, gone: Callable[[], bool]) -> list[T]:
        for _ in range(rounds):
            # a refill claimed for a client that hung up would lie there until its lease ends
            if self._stopping.wait(PACE) or gone():
                return []
            found = ask()
            if found:
                return found
        return []
