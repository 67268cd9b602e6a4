"""The beat job: a daemon records in the database that it is alive."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from storage import daemons
from storage.daemons import DaemonMode
from storage.engine import Database, Transaction
from storage.server_time import shared_time

log = structlog.get_logger()


@dataclass(slots=True)
class DaemonBeat:
    """The row of this process: made at the start, renewed by each round, removed at a clean stop."""

    database: Database
    clock: Callable[[], datetime]
    host: str
    pid: int
    version: str
    mode: DaemonMode
    guarantee_mode: str
    _daemon_id: int | None = None

    def run_once(self) -> None:
        """Renew the row, or make it when it is missing; also finds out whether the disk has room."""
        self.database.probe_space()
        with self.database.write() as tx:
            now = shared_time(tx, self.clock())
            if self._daemon_id is None or not daemons.beat(tx, self._daemon_id, now):
                self._register(tx, now)

    def _register(self, tx: Transaction, now: datetime) -> None:
        """Make the row; log whose rows it replaces, because they did not stop cleanly."""
        for one in daemons.killed(tx, self.host, self.pid, self.mode, now):
            log.warning("daemon.predecessor_killed", host=one.host, pid=one.pid, last_beat=str(one.beat_at))
        self._daemon_id = daemons.register(
            tx, self.host, self.pid, self.version, self.mode, now, self.guarantee_mode
        )

    def stop(self) -> None:
        """Remove the row."""
        if self._daemon_id is not None:
            with self.database.write() as tx:
                daemons.remove(tx, self._daemon_id)
