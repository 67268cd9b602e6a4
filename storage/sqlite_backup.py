"""Backups of SQLite databases: a copy made while others work on the database, and reading one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from storage.column_types import instant
from storage.errors import TransferError

HEADER = b"SQLite format 3\0"
_BUSY_SECONDS = 30


def write_backup(database: Path, to: Path) -> None:
    """Write a compact copy of the database as it is now into an empty file.

    It is one read transaction: writers do not wait for it, and it waits for none.
    """
    try:
        with closing(sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(to),))
    except sqlite3.Error as error:
        raise TransferError(f"no backup of {database} was made: {error}") from error
    finally:
        Path(f"{to}-journal").unlink(missing_ok=True)


def read_contents(backup: Path) -> tuple[str | None, datetime | None]:
    """The revision of a backup (None if it is not one of refilld), and the time of its newest look.

    Raises TransferError if it is damaged, or not complete without the write-ahead log beside it.
    """
    require_unused(backup)
    with opened(backup) as connection:
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
        if verdict != "ok":
            raise TransferError(f"{backup} is damaged: {verdict}")
        found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        extra = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
        for kind, name in connection.execute(extra):
            raise TransferError(f"{backup} is not a backup of refilld: it has the {kind} {name}")
        if not {"alembic_version", "snapshots"} <= found:
            return None, None
        (revision,) = connection.execute("SELECT max(version_num) FROM alembic_version").fetchone()
        (newest,) = connection.execute("SELECT max(at) FROM snapshots").fetchone()
        return revision, instant(newest)


def require_unused(backup: Path) -> None:
    """Raise TransferError if a write-ahead log belongs to a file: then it is a database in use."""
    log = Path(f"{backup.resolve()}-wal")
    if log.exists() and log.stat().st_size:
        raise TransferError(f"{backup} is a database in use and not a backup: {log} belongs to it")


@contextmanager
def opened(backup: Path) -> Iterator[sqlite3.Connection]:
    """Open a backup, which nobody writes to, for reading."""
    try:
        uri = f"{backup.resolve().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise TransferError(f"{backup} cannot be read: {error}") from error
