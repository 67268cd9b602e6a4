"""A connection of its own to PostgreSQL that hears the notifications of one channel."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import UnreachableError
from storage.patience import MARGIN
from storage.postgresql_errors import one_line


class NotificationListener:
    """Hears notifications, unless a pooler is between: that would give the session to others.

    Its user closes it. Each call raises UnreachableError when the connection is lost.
    """

    def __init__(self, engine: Engine, channel: str) -> None:
        self._errors = (engine.dialect.loaded_dbapi.Error, SQLAlchemyError)
        with self._mapped():
            pooled = engine.raw_connection()
            raw: Any = pooled.driver_connection
            pooled.detach()
            self._raw = raw
            self.hears: bool = raw.direct
            """Whether it will ever hear something."""
            try:
                if self.hears:
                    raw.execute(f"LISTEN {channel}")
            except self._errors:
                raw.close()
                raise

    def wait(self, seconds: float) -> None:
        """Wait for a notification, at most so long."""
        self._raw.patience = seconds + MARGIN  # no answer is expected
        with self._mapped():
            for _ in self._raw.notifies(timeout=seconds, stop_after=1):
                pass

    def close(self) -> None:
        self._raw.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise UnreachableError(f"no notifications: {one_line(error)}") from error
