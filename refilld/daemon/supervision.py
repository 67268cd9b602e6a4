"""Supervision of a running process: its database file, storage faults, stuck jobs, and systemd's watchdog."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

import structlog

from refilld.daemon.ping import Ping
from refilld.daemon.sd_notify import Notifier
from refilld.daemon.storage_alarm import StorageAlarm
from refilld.services.database_check import DatabaseCheck
from storage.engine import Database
from storage.errors import UnreachableError

log = structlog.get_logger()
TICK = timedelta(seconds=2)
"""Interval at which the main thread looks at the database file and at storage faults."""
WATCHDOG_INTERVAL = timedelta(seconds=15)
"""Interval at which the main thread checks the jobs, unless systemd sets its own."""


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
    alarm: StorageAlarm
    ping: Ping
    _stuck: tuple[str, ...] = ()
    _told: str = ""

    def run(self, notifier: Notifier) -> None:
        """Supervise; raises DatabaseFileError, or NotMigratedError when a newer version migrates."""
        notifier.ready("running")
        pace = notifier.watchdog_interval or WATCHDOG_INTERVAL
        tick, waited = min(pace, TICK), timedelta(0)
        try:
            while not self.stopping.wait(tick.total_seconds()):
                self.database.require_in_place()
                self.database.remember_file()
                self._note_storage_fault()
                self._tell(notifier)
                self.catch_up(self.clock())
                waited += tick
                if waited >= pace:
                    waited = timedelta(0)
                    self._check_jobs(notifier)
        finally:
            notifier.stopping()

    def _note_storage_fault(self) -> None:
        fault = self.database.storage_fault
        if fault is None:
            self.alarm.ended()
        else:
            self.alarm.began(fault)

    def _check_jobs(self, notifier: Notifier) -> None:
        """Reset systemd's watchdog as long as every job makes progress."""
        with suppress(UnreachableError):  # the jobs log that, and continue when it is back
            self.check.require_ready()  # a newer migration ends this process
        self._stuck = self.late()
        if self._stuck:
            log.error("jobs.stuck", jobs=self._stuck)
        else:
            notifier.watchdog()

    def _tell(self, notifier: Notifier) -> None:
        """Tell systemd and the outside service what is wrong, or that nothing is."""
        faults = _faults(self._stuck, self.alarm.fault)
        if faults != self._told:
            notifier.status(faults or "running")
            self._told = faults
        self.ping.report(faults)


def _faults(stuck: Sequence[str], storage_fault: str) -> str:
    """What is wrong with the process, in one line; empty if nothing is."""
    stuck_jobs = f"no progress: {', '.join(stuck)}" if stuck else ""
    database = f"cannot write: {storage_fault}" if storage_fault else ""
    return "; ".join(filter(None, [database, stuck_jobs]))
