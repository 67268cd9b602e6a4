"""The library's context for one visitor or one login: opened for a look, recycled, counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from monitor.sources.instaloader.error_mapping import retry_after
from monitor.sources.instaloader.transport import SilentContext

RECYCLE = timedelta(hours=6)
"""The library keeps the start page's tokens for ever; Instagram does not."""


class Contexts:
    """One context after another, each used for some hours; for one thread at a time."""

    def __init__(self, make: Callable[[datetime], SilentContext]) -> None:
        self._make = make
        self._context: SilentContext | None = None
        self.told_to_wait: timedelta | None = None
        """How long the answers since the last `hear` asked to be left alone."""

    @contextmanager
    def look(self, now: datetime) -> Iterator[SilentContext]:
        """Open the context for one look; `wire.sent` then counts the look's requests."""
        context = self._fresh(now)
        context.wire.begin()
        try:
            yield context
        finally:
            context.wire.close()  # no connection idles until the next look
            self.told_to_wait = retry_after(context.wire.answer, now) or self.told_to_wait

    def hear(self) -> timedelta | None:
        """Return how long to wait, once."""
        told, self.told_to_wait = self.told_to_wait, None
        return told

    def renew(self) -> None:
        """Use another context from the next look on."""
        self._context = None

    def _fresh(self, now: datetime) -> SilentContext:
        """Return the context in use, or a new one after some hours of the looks' own time."""
        if self._context is None or abs(now - self._context.opened) >= RECYCLE:
            self._context = self._make(now)
        return self._context
