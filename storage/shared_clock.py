"""The clock that all daemons on one database share: that of the PostgreSQL server.

Budgets depend on it: a daemon whose clock is behind would let requests of the last hour out of the count of
others too early, and would wait for times that only others have reached. So do refills: a look that an
earlier clock dates after a delivery would miss the delivered units again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from storage.engine import Database, Transaction
from storage.server_time import server_time


@dataclass(slots=True)
class SharedClock:
    """The server's time when it was last measured, and what has passed since; on SQLite this machine's clock.

    What has passed is measured by a clock that cannot be set: a step of the machine's clock changes nothing.
    """

    clock: Callable[[], datetime]
    elapsed: Callable[[], float] = monotonic
    """Seconds since any fixed time."""
    _measured: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        if self._measured is None:
            return self.clock()
        server, at = self._measured
        return server + timedelta(seconds=self.elapsed() - at)

    def shared(self, tx: Transaction) -> datetime:
        """The shared time; the server is asked if it never was."""
        return self.measure(tx) if self._measured is None else self()

    def measure(self, tx: Transaction) -> datetime:
        """Ask the server for its time; return the shared time."""
        server = server_time(tx)
        if server is not None:
            self._measured = server, self.elapsed()
        return self()


def measured(database: Database, clock: Callable[[], datetime]) -> SharedClock:
    """The shared clock of a process whose machine has this clock."""
    shared = SharedClock(clock)
    with database.read() as tx:
        shared.measure(tx)
    return shared
