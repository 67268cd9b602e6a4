"""The lease job: a refill with an expired lease is queued again, or fails after the last attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from storage import leases
from storage.engine import Database
from storage.server_time import shared_time

log = structlog.get_logger()
_BATCH = 500
"""Leases that one transaction ends, so that no consumer waits for long."""


@dataclass(frozen=True, slots=True)
class Leases:
    """Ends expired leases of refills."""

    database: Database
    clock: Callable[[], datetime]
    max_attempts: int
    ended: Callable[[int], None] = lambda _refills: None
    """Called with the number of refills whose leases have ended, after the commit."""

    def run_once(self) -> None:
        """End every lease whose time is over, by the clock that all processes share."""
        ended = _BATCH
        while ended == _BATCH:
            with self.database.write() as tx:
                ended = leases.expire(tx, shared_time(tx, self.clock()), self.max_attempts, _BATCH)
            self.ended(ended)
            if ended:
                log.warning("leases.ended", refills=ended)
