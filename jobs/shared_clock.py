"""The clock that all daemons on one database share: that of the PostgreSQL server.

Budgets depend on it: a daemon whose clock is behind would let requests of the last hour out of the count of
others too early, and would wait for times that only others have reached.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.engine import Database, Transaction
from storage.server_time import server_time


@dataclass(slots=True)
class SharedClock:
    """This machine's clock, corrected by its last measured difference; on SQLite not corrected."""

    clock: Callable[[], datetime]
    _ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return self.clock() - self._ahead

    def measure(self, tx: Transaction) -> datetime:
        """Compare the clock with the server's; return the shared time."""
        server = server_time(tx)
        if server is not None:
            self._ahead = self.clock() - server
        return self()


def measured(database: Database, clock: Callable[[], datetime]) -> SharedClock:
    """The shared clock of a process whose machine has this clock."""
    shared = SharedClock(clock)
    with database.read() as tx:
        shared.measure(tx)
    return shared
