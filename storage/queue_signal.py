"""The signal that refills were queued: in this process after the commit, and on PostgreSQL in all processes.

It says neither which refills nor how many. Whoever waits for it also looks without it, as it may be lost.
"""

from threading import Condition

from sqlalchemy import Connection

from storage.engine import once_after_commit

CHANNEL = "refilld_queued"
"""The channel of PostgreSQL's NOTIFY."""


class QueueSignal:
    """Counts the transactions of this process that queued refills; safe to share between threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._number = 0

    def note(self) -> None:
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until the number is not `seen`, at most so long; returns the number."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != seen, seconds)
            return self._number


QUEUED = QueueSignal()


def tell_queued(connection: Connection) -> None:
    """Give the signal once the transaction is committed, which queued refills."""
    if once_after_commit(connection, QUEUED.note) and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
