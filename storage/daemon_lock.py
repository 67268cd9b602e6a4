"""The lock that allows one daemon per SQLite file: a commit during a checkpoint may corrupt it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.database_file import lock_path
from storage.engine import Database
from storage.errors import DaemonRunningError, UnreachableError


@contextmanager
def daemon_lock(database: Database) -> Iterator[None]:
    """Hold the lock file beside the database; raises DaemonRunningError if another daemon holds it."""
    if database.path is None:
        yield  # PostgreSQL allows any number of daemons
        return
    with file_lock(database.path):
        yield


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file; raises DaemonRunningError if a daemon holds it."""
    name = lock_path(path)
    try:
        file = name.open("a")  # it holds what `database_file` remembers
    except OSError as error:
        raise UnreachableError(f"cannot open {name}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DaemonRunningError(f"another refilld run works on {path} already; stop it first") from None
        yield
