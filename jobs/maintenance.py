"""Upkeep: forgets what no budget asks for any more, and empties the write-ahead log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.sources.budget import HOUR
from storage import due, sources
from storage.engine import Database

log = structlog.get_logger()
_REQUESTS_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The upkeep job."""

    database: Database
    clock: Callable[[], datetime]

    def run_once(self) -> None:
        """Forget requests that no budget looks at and guarantees that are over; empty the write-ahead log."""
        with self.database.write() as tx:
            sources.forget_requests(tx, self.clock() - _REQUESTS_KEPT)
            if sources.forget_requests_to_come(tx, self.clock() + HOUR):
                log.warning("clock.was_ahead", targets=due.repair_future_times(tx, self.clock(), HOUR))
            due.unschedule_ended(tx, self.clock())
        self.database.checkpoint()
