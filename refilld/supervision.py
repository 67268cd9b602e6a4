"""Supervision of a running process: its database file, storage faults, stuck jobs, and systemd's watchdog."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import structlog

from refilld.sd_notify import Notifier
from refilld.services.database_check import DatabaseCheck
from storage.engine import Database
from storage.errors import UnreachableError

log = structlog.get_logger()
TICK = timedelta(seconds=2)
"""Interval at which the main thread looks at the database file and at storage faults."""
WATCHDOG_INTERVAL = timedelta(seconds=15)
"""Interval at which the main thread checks the jobs, unless systemd sets its own."""


@dataclass(frozen=True, slots=True)
class StorageFault:
    """Writing to the database has begun to fail, or works again."""

    cause: str
    lasted: timedelta | None = None
    """Set when the fault has ended."""


StorageFaultListener = Callable[[StorageFault], None]
"""Told when a storage fault begins and ends; it must not need the database."""


def log_storage_fault(fault: StorageFault) -> None:
    """Log a storage fault."""
    if fault.lasted is None:
        log.error("storage.fault", error=fault.cause)
    else:
        log.warning("storage.recovered", error=fault.cause, seconds=round(fault.lasted.total_seconds()))


@dataclass(slots=True)
class Supervision:
    """The main thread of a process, until `stopping` is set or the database file is gone."""

    database: Database
    check: DatabaseCheck
    clock: Callable[[], datetime]
    stopping: Event
    late: Callable[[], tuple[str, ...]]
    """The jobs that make no progress."""
    catch_up: Callable[[datetime], None]
    """Runs what the clock, set back, would delay."""
    on_storage_fault: StorageFaultListener = log_storage_fault
    _cause: str | None = None
    _since: float = 0.0

    def run(self, notifier: Notifier) -> None:
        """Supervise; raises DatabaseFileError, or NotMigratedError when a newer version migrates."""
        notifier.ready("running")
        pace = notifier.watchdog_interval or WATCHDOG_INTERVAL
        tick, waited = min(pace, TICK), timedelta(0)
        try:
            while not self.stopping.wait(tick.total_seconds()):
                self.database.require_in_place()
                self.database.remember_file()
                self._report_storage_fault(notifier)
                self.catch_up(self.clock())
                waited += tick
                if waited >= pace:
                    waited = timedelta(0)
                    self._check_jobs(notifier)
        finally:
            notifier.stopping()

    def _report_storage_fault(self, notifier: Notifier) -> None:
        cause = self.database.storage_fault
        if cause is not None and self._cause is None:
            self._cause, self._since = cause, time.monotonic()
            notifier.status(f"cannot write: {cause}")
            self.on_storage_fault(StorageFault(cause))
        elif cause is None and self._cause is not None:
            lasted = timedelta(seconds=time.monotonic() - self._since)
            ended, self._cause = self._cause, None
            notifier.status("running")
            self.on_storage_fault(StorageFault(ended, lasted))

    def _check_jobs(self, notifier: Notifier) -> None:
        """Reset systemd's watchdog as long as every job makes progress."""
        with suppress(UnreachableError):  # the jobs log that, and continue when it is back
            self.check.require_ready()  # a newer migration ends this process
        stuck = self.late()
        if stuck:
            log.error("jobs.stuck", jobs=stuck)
            notifier.status(f"no progress: {', '.join(stuck)}")
        else:
            notifier.watchdog()
