"""The beat job: a daemon records in the database that it is alive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import cast

import structlog

from jobs.local_process import local_process_exists
from storage import daemons
from storage.daemons import DaemonMode
from storage.engine import Database, Transaction
from storage.shared_clock import SharedClock

log = structlog.get_logger()


@dataclass(slots=True)
class DaemonBeat:
    """The row of this process: made at the start, renewed by each round, removed at a clean stop."""

    database: Database
    clock: SharedClock
    host: str
    pid: int
    version: str
    mode: DaemonMode
    guarantee_mode: str
    process_exists: Callable[[int], bool] = local_process_exists
    _daemon_id: int | None = None
    _lock: Lock = field(default_factory=Lock)

    def run_once(self) -> None:
        """Renew the row, or make it when it is missing; also finds out whether the disk has room."""
        self.database.probe_space()
        with self._lock, self.database.write() as tx:
            now = self.clock.measure(tx)
            if self._daemon_id is None or not daemons.beat(tx, self._daemon_id, now):
                self._register(tx, now)

    def daemon_id(self) -> int:
        """The id of this process, which is recorded first if it is not yet."""
        if self._daemon_id is None:
            self.run_once()
        return cast("int", self._daemon_id)

    def _register(self, tx: Transaction, now: datetime) -> None:
        """Make the row; log whose rows it replaces at the start, because they did not stop cleanly."""
        if self._daemon_id is None:
            for one in daemons.remove_killed(tx, self.host, self.pid, self.mode, now, self.process_exists):
                log.warning(
                    "daemon.predecessor_killed", host=one.host, pid=one.pid, last_beat=str(one.beat_at)
                )
        self._daemon_id = daemons.register(
            tx, self.host, self.pid, self.version, self.mode, now, self.guarantee_mode
        )

    def stop(self) -> None:
        """Remove the row."""
        if self._daemon_id is not None:
            with self.database.write() as tx:
                daemons.remove(tx, self._daemon_id)
