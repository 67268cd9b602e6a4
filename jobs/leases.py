"""Leases: refills whose consumer has gone silent are queued again, or given up after the last attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from storage import leases
from storage.engine import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leases:
    """The lease job."""

    database: Database
    clock: Callable[[], datetime]
    max_attempts: int

    def run_once(self) -> None:
        """Take back every lease that has ended."""
        with self.database.write() as tx:
            ended = leases.expire(tx, self.clock(), self.max_attempts)
        if ended:
            log.warning("leases.ended", refills=ended)
