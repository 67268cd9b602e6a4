"""The self-check: tells when the monitor itself is blind or stuck, once when it begins and once when it ends.

Its state is in the database, so that a restart repeats nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.configured_source import ConfiguredSource
from jobs.monitor_reading import CredentialFiles, MonitorReading
from monitor.events.monitoring import ENDED_BY, ended
from monitor.self_monitoring.conditions import begun_events, conditions
from monitor.self_monitoring.limits import SelfCheckLimits
from storage import events, self_check
from storage.engine import Database, Transaction
from storage.server_time import server_time


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """The self-check job."""

    database: Database
    clock: Callable[[], datetime]
    sources: tuple[ConfiguredSource, ...]
    limits: SelfCheckLimits
    started: datetime | None = None
    """Start of the process; None if it runs each job once."""
    host: str = ""
    """The name of this machine."""
    credential_files: CredentialFiles = field(default_factory=dict)

    def run_once(self) -> None:
        """Check all conditions; raises UnreachableError if the database cannot be written."""
        with self.database.write() as tx:
            server = server_time(tx)
            here = self.clock()
            self._check(tx, server or here, None if server is None else here - server)

    def _check(self, tx: Transaction, now: datetime, apart: timedelta | None) -> None:
        self_check.checked(tx, list(ENDED_BY), now)
        on = self_check.holding(tx)
        reading = MonitorReading(
            self.database, self.sources, self.limits, self.started, self.host, self.credential_files
        )
        found = conditions(reading.read(tx, now, apart), self.limits, on, now)
        for problem, event in begun_events(found, on).items():
            if self_check.begin(tx, problem, now):
                events.add(tx, event, now)
        ended_now = on.keys() - found.keys() - reading.unjudged(tx, on, now)
        for problem in sorted(ended_now):
            if self_check.end(tx, problem):
                events.add(tx, ended(problem, on[problem], now), now)
