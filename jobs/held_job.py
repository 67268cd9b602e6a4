"""A job that one daemon carries out for all daemons on its database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import job_holders
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class HeldJob:
    """Runs the rounds of a job while this daemon holds it; else they do nothing.

    A daemon that was stopped in a round and wakes up may run beside the new holder for that round: what a job
    writes must not depend on being alone.
    """

    name: str
    every: timedelta
    run: Callable[[], None]
    database: Database
    daemon_id: Callable[[], int]
    clock: Callable[[], datetime]
    """The clock that all daemons share."""

    def run_once(self) -> None:
        """Run one round, if it is this daemon's."""
        daemon_id = self.daemon_id()
        with self.database.write() as tx:
            begins = job_holders.begin_round(tx, self.name, daemon_id, self.every, self.clock())
        if begins:
            self.run()
