"""Whether the database answers, asked so that nobody waits for it longer than they can.

The check runs in a thread of its own. Its result is kept for a moment: a probe without authentication costs
the database at most one check per second.
"""

from threading import Event, Lock, Thread
from time import monotonic

from storage import queue_pauses
from storage.engine import Database
from storage.errors import UnreachableError
from storage.queue_pauses import QueuePause
from storage.revision import require_current

PROBE = 1.5
"""Seconds to wait for the result: a probe must be answered within two."""
_FRESH = 1.0
"""Seconds for which a result is given again."""


class DatabaseCheck:
    """Checks that the database answers, has the schema of this version, and can be written to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._run: _Run | None = None

    def require_ready(self) -> None:
        """Raise UnreachableError or NotMigratedError unless the database is ready; waits at most PROBE."""
        self._checked()

    def pauses(self) -> tuple[QueuePause, ...]:
        """What is paused of the queue, as the last check found; raises what `require_ready` raises."""
        return self._checked().pauses

    def _checked(self) -> "_Run":
        with self._lock:
            if self._run is None or self._run.older_than(_FRESH):
                self._run = _Run(self._database)
            run = self._run
        run.raise_fault(PROBE)
        return run


class _Run:
    """One check, from its start; a check without an answer makes nobody wait a second time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._started = monotonic()
        self._ended: float | None = None
        self._fault: Exception | None = None
        self.pauses: tuple[QueuePause, ...] = ()
        self._done = Event()
        Thread(target=self._check, name="database-check", daemon=True).start()

    def older_than(self, seconds: float) -> bool:
        """Whether it ended so many seconds ago; one that still runs is never old."""
        return self._ended is not None and monotonic() - self._ended > seconds

    def raise_fault(self, seconds: float) -> None:
        """Raise what was found, or that nothing was found so many seconds after the start."""
        if not self._done.wait(max(0.0, self._started + seconds - monotonic())):
            waited = monotonic() - self._started
            raise UnreachableError(f"database {self._database.name}: no answer for {waited:.0f} s")
        if self._fault is not None:
            raise self._fault

    def _check(self) -> None:
        try:
            require_current(self._database)
            self._database.require_in_place()
            self._database.require_writable()
            with self._database.read() as tx:
                self.pauses = tuple(queue_pauses.listed(tx))
        except Exception as fault:  # noqa: BLE001 - raised by raise_fault
            self._fault = fault
        self._ended = monotonic()
        self._done.set()
