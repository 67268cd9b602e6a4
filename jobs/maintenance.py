"""The maintenance job: deletes old rows, unschedules ended orders, repairs times in the future."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from jobs.retention import DataRetention
from storage import due, future_times, idempotency, sources, webhook_secrets
from storage.engine import Database, Transaction
from storage.server_time import shared_time

log = structlog.get_logger()
_REQUESTS_KEPT = timedelta(days=2)


@dataclass(slots=True)
class Maintenance:
    """Keeps the database small and its schedule correct."""

    database: Database
    clock: Callable[[], datetime]
    retention: DataRetention
    longest_hold: timedelta
    """How long a mass drop holds a refill."""
    _thorough: bool = True

    def run_once(self) -> None:
        """Run one round.

        Deletes requests that no budget counts any more. When written times lie in the future, the clock was
        wrong: repairs them, and looks at the targets again. Unschedules targets without an order under
        guarantee. Deletes secrets of webhooks that were replaced, idempotency keys after their time, and
        what the retention policy does not keep. Copies the write-ahead log of SQLite into its file.
        """
        with self.database.write() as tx:
            now = shared_time(tx, self.clock())
            if self.clock() > now + future_times.MARGIN:
                log.warning("clock.differs", seconds=round((self.clock() - now).total_seconds()))
            else:
                self._repair_times(tx, now)
            sources.forget_requests(tx, now, _REQUESTS_KEPT)
            due.unschedule_ended(tx, now)
            webhook_secrets.delete_retired(tx, now)
            idempotency.forget(tx, now)
        self._thorough = False
        self.retention.run_once(now)
        self.database.checkpoint()

    def _repair_times(self, tx: Transaction, now: datetime) -> None:
        """Repair times in the future if the clock was ahead; the first round reads more to find that out."""
        newest = future_times.newest_written(tx, thorough=self._thorough)
        if newest is None or newest <= now + future_times.MARGIN:
            return
        repaired = future_times.repair(tx, now, self.longest_hold)
        sources.forget_requests_to_come(tx, now)
        ahead = round((newest - now).total_seconds())
        log.warning("clock.was_ahead", seconds=ahead, targets=repaired.targets, rows=repaired.rows)
