"""The library's context of an anonymous visitor or a login, replaced after some hours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from monitor.sources.instaloader.error_mapping import retry_after
from monitor.sources.instaloader.transport import SilentContext

MAX_AGE = timedelta(hours=6)
"""Age at which a context is replaced: the tokens of the start page expire."""


class Contexts:
    """Provides a context for each look, and replaces it at `MAX_AGE`; not thread-safe."""

    def __init__(self, make: Callable[[datetime], SilentContext]) -> None:
        self._make = make
        self._context: SilentContext | None = None
        self.requested_wait: timedelta | None = None
        """Wait that the answers since the last `take_wait` asked for."""

    @contextmanager
    def look(self, now: datetime) -> Iterator[SilentContext]:
        """Open the context for one look; `wire.sent` counts its requests."""
        context = self._current(now)
        context.wire.begin()
        try:
            yield context
        finally:
            context.wire.close()  # keep no idle connection until the next look
            self.requested_wait = retry_after(context.wire.answer, now) or self.requested_wait

    def take_wait(self) -> timedelta | None:
        """Return and reset the requested wait."""
        wait, self.requested_wait = self.requested_wait, None
        return wait

    def renew(self) -> None:
        """Make a new context for the next look."""
        self._context = None

    def _current(self, now: datetime) -> SilentContext:
        """Return the current context, or a new one if it is too old."""
        if self._context is None or abs(now - self._context.opened) >= MAX_AGE:
            self._context = self._make(now)
        return self._context
