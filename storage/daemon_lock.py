"""One daemon per SQLite file: two that commit and checkpoint at the same moment may corrupt it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.engine import Database
from storage.errors import DaemonRunningError


@contextmanager
def daemon_lock(database: Database) -> Iterator[None]:
    """Hold the daemon's place beside the file; raises DaemonRunningError when another daemon has it."""
    if database.path is None:
        yield  # PostgreSQL serves any number of daemons
        return
    with Path(f"{database.path.resolve()}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DaemonRunningError(f"another refilld run works on {database.path} already") from None
        yield
