"""The self-check: tells when the monitor itself is blind or stuck, once when it begins and once when it ends.

Its state is in the database, so that a restart repeats nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.monitor_reading import MonitorReading
from monitor.events.monitoring import ENDED_BY, ended
from monitor.self_monitoring.conditions import begun_events, conditions
from storage import events, self_check
from storage.engine import Transaction
from storage.server_time import server_time


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check job."""

    reading: MonitorReading
    clock: Callable[[], datetime]

    def run_once(self) -> None:
        """Check all conditions; raises UnreachableError if the database cannot be written."""
        with self.reading.database.write() as tx:
            server = server_time(tx)
            here = self.clock()
            self._check(tx, server or here, None if server is None else here - server)

    def _check(self, tx: Transaction, now: datetime, apart: timedelta | None) -> None:
        self_check.checked(tx, list(ENDED_BY), now)
        on = self_check.holding(tx)
        found = conditions(self.reading.read(tx, now, apart), self.reading.limits, on, now)
        for problem, event in begun_events(found, on).items():
            if self_check.begin(tx, problem, now):
                events.add(tx, event, now)
        ended_now = on.keys() - found.keys() - self.reading.unjudged(tx, on, now)
        for problem in sorted(ended_now):
            if self_check.end(tx, problem):
                events.add(tx, ended(problem, on[problem], now), now)
