"""The lock that allows one daemon per SQLite file: a commit during a checkpoint may corrupt it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from storage.database_file import lock_path
from storage.engine import Database
from storage.errors import DaemonRunningError


@contextmanager
def daemon_lock(database: Database) -> Iterator[None]:
    """Hold the lock file beside the database; raises DaemonRunningError if another daemon holds it."""
    if database.path is None:
        yield  # PostgreSQL allows any number of daemons
        return
    with lock_path(database.path).open("a") as file:  # it holds what `database_file` remembers
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DaemonRunningError(f"another refilld run works on {database.path} already") from None
        yield
