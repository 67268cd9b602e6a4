"""Restoring a SQLite database: a complete new file takes the place of the present one, which is kept."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy.engine import URL

from storage import migrate, row_numbers
from storage.daemon_lock import file_lock
from storage.engine import Database
from storage.errors import NotMigratedError, TransferError, UnreachableError
from storage.new_file import new_private_file, sync
from storage.new_start import NewStart, start_anew
from storage.transfer_action import TransferAction

_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_LOGS = ("-wal", "-shm")


def restore(backup: Path, database: Path, now: datetime) -> tuple[NewStart, Path | None]:
    """Put a backup in the place of the database, migrated and started anew; the present file is returned.

    At every moment there is either the present file or the complete new one under the database's name. Raises
    DaemonRunningError or TransferError while another process uses the database.
    """
    path = database.resolve()
    with file_lock(path):
        known = known_ids(path)
        with new_private_file(path, replace=True) as temporary:
            shutil.copyfile(backup, temporary)
            start = _start_anew(temporary, backup, now, known)
            kept = _keep(path, now) if path.exists() else None
            if kept is None:
                _set_logs_aside(path, next(_names(path, now)))
            if kept is not None:  # root may restore the database of another user
                os.chown(temporary, kept.stat().st_uid, kept.stat().st_gid)
    return start, kept


def known_ids(path: Path) -> list[int] | None:
    """The last ids of the present database; None if they cannot be read."""
    try:
        database = Database(_url(path), create=False)
        try:
            with database.read() as connection:
                return list(row_numbers.last_ids(connection).values())
        finally:
            database.close()
    except NotMigratedError:
        return []
    except UnreachableError:
        return None


def _start_anew(path: Path, backup: Path, now: datetime, known: list[int] | None) -> NewStart:
    """Migrate the new file, and prepare it for the time after the restore."""
    database = Database(_url(path))
    try:
        with database.write() as connection:
            migrate.upgrade_in(connection, str(backup))
            start = start_anew(connection, TransferAction.RESTORED, str(backup.resolve()), now, known or ())
    finally:
        database.close()
    _end_log(path)
    return start


def _url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


def _keep(path: Path, now: datetime) -> Path:
    """Give the present file a second name, complete without its log; returns the name."""
    damaged = False
    try:
        _end_log(path)
    except sqlite3.Error as error:
        if error.sqlite_errorcode in _IN_USE:
            raise TransferError(f"{path} is in use; stop every refilld on it first") from error
        damaged = True
    kept = next(name for name in _names(path, now) if not name.exists())
    os.link(path, kept)
    if damaged:
        _set_logs_aside(path, kept)
    sync(path.parent)
    return kept


def _set_logs_aside(path: Path, kept: Path) -> None:
    """Rename the logs of a file that is gone or damaged: SQLite would apply them to the new one."""
    for log in (Path(f"{path}{suffix}") for suffix in _LOGS):
        if log.exists():
            log.rename(f"{kept}{log.name.removeprefix(path.name)}")
    sync(path.parent)


def _names(path: Path, now: datetime) -> Iterator[Path]:
    name = f"{path.name}.before-restore-{now:%Y%m%dT%H%M%SZ}"
    return (path.with_name(f"{name}{more}") for more in chain([""], (f"-{n}" for n in count(2))))


def _end_log(path: Path) -> None:
    """Copy the write-ahead log into the file and remove it; fails while another connection is open."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise TransferError(f"{path} is in use; stop every refilld on it first")
