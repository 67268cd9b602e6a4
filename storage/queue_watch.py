"""Waiting for the signal that refills were queued."""

from contextlib import suppress
from time import monotonic

from storage.engine import Database
from storage.errors import UnreachableError
from storage.postgresql_listener import NotificationListener
from storage.queue_signal import CHANNEL, QUEUED

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
"""Seconds between two tries to listen."""


class QueueWatch:
    """Waits for the signal of this process; on PostgreSQL for that of all, as long as a connection hears it.

    Refills that become ready in another way give no signal, such as by the end of their back-off.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = -1
        self._listener: NotificationListener | None = None
        self._next_try = 0.0
        self._pause = _FIRST_PAUSE

    def wait(self, seconds: float) -> None:
        """Wait for a signal, at most so long, but as long as it takes to connect to PostgreSQL again."""
        try:
            listener = self._listening()
            if listener is not None:
                listener.wait(seconds)
                return
        except UnreachableError:
            self.close()
            self._next_try = monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        self._seen = QUEUED.wait(self._seen, seconds)

    def _listening(self) -> NotificationListener | None:
        """The listener; None on SQLite, through a pooler, and until the next try after a fault."""
        if self._listener is None and not self._database.sqlite and monotonic() >= self._next_try:
            self._listener = self._database.listener(CHANNEL)
            self._pause = _FIRST_PAUSE
        return self._listener if self._listener is not None and self._listener.hears else None

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._listener is not None:
            with suppress(UnreachableError):
                self._listener.close()
            self._listener = None
