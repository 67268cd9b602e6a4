"""The maintenance job: deletes old rows, unschedules ended orders, repairs times in the future."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from jobs.retention import DataRetention
from monitor.sources.budget import HOUR
from storage import due, sources
from storage.engine import Database

log = structlog.get_logger()
_REQUESTS_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Keeps the database small and its schedule correct."""

    database: Database
    clock: Callable[[], datetime]
    retention: DataRetention

    def run_once(self) -> None:
        """Run one round.

        Deletes requests that no budget counts any more. When requests lie in the future, the clock was
        wrong: deletes them, and resets future times of targets. Unschedules targets without an order
        under guarantee. Deletes what the retention policy does not keep. Copies the write-ahead log of
        SQLite into its file.
        """
        with self.database.write() as tx:
            sources.forget_requests(tx, self.clock() - _REQUESTS_KEPT)
            if sources.forget_requests_to_come(tx, self.clock() + HOUR):
                log.warning("clock.was_ahead", targets=due.repair_future_times(tx, self.clock(), HOUR))
            due.unschedule_ended(tx, self.clock())
        self.retention.run_once(self.clock())
        self.database.checkpoint()
