"""A PostgreSQL connection that gives up waiting for a server that does not answer.

The server's own limits do not help when it is stopped, or when a proxy between accepts the data and
forwards nothing. TCP does not notice either, because the kernel of the other side acknowledges the data.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from storage.patience import CHECK, Patience, Waits

T = TypeVar("T")
_IN_USE = 1.0
"""Seconds after an answer within which a connection is taken for alive."""


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when an answer takes longer than `patience`."""

    waits: Waits
    patience: float = CHECK
    """Seconds for one answer."""
    direct: bool
    """Whether no pooler is between."""
    limits: Patience | None = None
    """The limits of the session, where transactions do not set their own."""
    _answered_at = float("-inf")

    @property
    def in_use(self) -> bool:
        """Whether the server has just answered."""
        return monotonic() - self._answered_at < _IN_USE

    def commit(self) -> None:
        """Commit; without a transaction there is nothing to do, which psycopg finds out at greater length."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().commit()

    def rollback(self) -> None:
        """Roll back, as `commit`."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().rollback()

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        """Wait for one answer; psycopg calls this for all its communication after connecting."""
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, steps: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """The same steps; psycopg resumes them when data arrives, and ten times a second without."""
        start = monotonic()
        try:
            wanted = next(steps)
            while True:
                ready = yield wanted
                if self.waits.over(start, self.patience):
                    self.close()
                    raise psycopg.OperationalError(f"no answer within {monotonic() - start:.0f} s")
                wanted = steps.send(ready)
        except StopIteration as end:
            self._answered_at = monotonic()
            return end.value  # type: ignore[no-any-return]
