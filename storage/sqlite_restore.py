"""Restoring a SQLite database: a complete new file takes the place of the present one, which is kept."""

import glob
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from sqlalchemy.engine import URL

from storage import migrate, row_numbers
from storage.daemon_lock import file_lock
from storage.database_file import lock_path
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
        with _locked(path) as damaged, new_private_file(path, replace=True) as temporary:
            shutil.copyfile(backup, temporary)
            start = _start_anew(temporary, backup, now, known)
            kept = _keep(path, now) if path.exists() else None
            if kept is None or damaged:
                _set_logs_aside(path, kept or next(_names(path, now)))
            _give_to_owner(path, temporary)
    return start, kept


def _give_to_owner(path: Path, temporary: Path) -> None:
    """Give the files to whom the database belongs, or its folder: root may restore that of another user."""
    owner = (path if path.exists() else path.parent).stat()
    for file in (temporary, lock_path(path)):
        os.chown(file, owner.st_uid, owner.st_gid)


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
    except UnreachableError as error:
        why = str(error).replace(str(path), "the copy of it")
        raise TransferError(f"{backup} cannot be restored: {why}") from error
    finally:
        database.close()
    _end_log(path)
    return start


def _url(path: Path) -> str:
    return URL.create("sqlite", database=str(path)).render_as_string()


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Keep every other connection out of the present file, complete without its log; yields if it is damaged.

    A process that opened it in the moment before the new file takes its place would leave a log that
    SQLite applies to the new one.
    """
    if not path.exists():
        yield False
        return
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as connection:
        damaged = False
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            _end_log_of(connection, path)
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _IN_USE:
                raise _in_use(path) from error
            damaged = True
        yield damaged


def _keep(path: Path, now: datetime) -> Path:
    """Give the present file a second name, instead of those that killed restores gave it; returns it."""
    for name in path.parent.glob(f"{glob.escape(path.name)}.before-restore-*"):
        if name.samefile(path):
            name.unlink()
    kept = next(name for name in _names(path, now) if not name.exists())
    os.link(path, kept)
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
        _end_log_of(connection, path)


def _end_log_of(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise _in_use(path)


def _in_use(path: Path) -> TransferError:
    return TransferError(f"{path} is in use; stop every refilld on it first")
