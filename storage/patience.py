"""How long a database may keep its users waiting: no wait is without an end."""

from dataclasses import dataclass, replace
from threading import Event
from time import monotonic

CONNECT = 5
"""Seconds to connect to one host of a PostgreSQL server."""
CHECK = 2.0
"""Seconds for the answer to the check of a pooled connection."""
MARGIN = 1.0
"""Seconds that the server has to cancel a statement before the connection is closed without its answer."""
STOPPING = 3
"""Seconds of a wait, at most, when the process is stopping."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The longest waits of one kind of work, in seconds."""

    turn: float
    """For a lock, and on SQLite for the turn to write."""
    statement: float
    """For the answer to one statement."""

    def capped(self, statement: float) -> "Patience":
        """The same with a shorter limit for statements, if that is shorter."""
        return replace(self, statement=min(self.statement, statement))


CALLER = Patience(turn=4, statement=5)
"""For somebody who waits for an answer, such as a caller of the HTTP interface."""
SCRAPE = Patience(turn=1, statement=2)
"""For a monitoring system that reads the metrics; it gives up after ten seconds, and comes again."""
WORK = Patience(turn=30, statement=60)
"""For jobs and commands."""
MIGRATION = Patience(turn=60, statement=3600)
"""For migrations, which may rewrite large tables."""


class Waits:
    """Ends waits when they are too long, and sooner when the process is stopping."""

    def __init__(self) -> None:
        self._stopping = Event()
        self._stopped_at: float | None = None
        self.given_up = False
        """Whether a wait was cut because the process is stopping: then nothing more is tried."""

    def shorten_when(self, stopping: Event) -> None:
        """Shorten all waits, also the current ones, once the event is set."""
        self._stopping = stopping

    @property
    def connect_timeout(self) -> int:
        """Seconds to connect to one host."""
        return STOPPING if self._stopping.is_set() else CONNECT

    def failed_to_connect(self) -> None:
        """Record it; when the process is stopping, nothing more is tried."""
        self.given_up = self._stopping.is_set()

    def over(self, start: float, seconds: float) -> bool:
        """Whether a wait that began at `start` (monotonic) has lasted so many seconds, or must end now."""
        now = monotonic()
        if self._stopping.is_set() and self._stopped_at is None:
            self._stopped_at = now
        if self._stopped_at is not None and now - max(start, self._stopped_at) >= STOPPING:
            self.given_up = True
        return self.given_up or now - start >= seconds
