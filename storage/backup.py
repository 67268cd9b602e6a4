"""Backups: writing one of a database in use, and telling what a file is a backup of."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from storage import postgresql_backup, revision, sqlite_backup
from storage.database_url import parse_url
from storage.engine import Database
from storage.errors import NotMigratedError, TransferError
from storage.new_file import new_private_file


class BackupFormat(StrEnum):
    """The engines; each restores its own backups only."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"


@dataclass(frozen=True, slots=True)
class Backup:
    """A file that was read back."""

    path: Path
    format: BackupFormat
    size: int
    revision: str
    at: datetime | None
    """Time of the newest look in it (SQLite), or at which it was made (PostgreSQL)."""


_HEADERS = {
    BackupFormat.SQLITE: sqlite_backup.HEADER,
    BackupFormat.POSTGRESQL: postgresql_backup.HEADER,
}
_READERS = {
    BackupFormat.SQLITE: sqlite_backup.read_contents,
    BackupFormat.POSTGRESQL: postgresql_backup.read_contents,
}


def write_backup(database: Database, url: str, path: Path, *, overwrite: bool = False) -> Backup:
    """Write a backup of a database, which may be in use, and read it back.

    Raises TransferError, or UnreachableError when the database or PostgreSQL's programs are not reachable;
    then there is no new file.
    """
    if revision.current(database) is None:
        raise NotMigratedError(f"{database.name} holds no refilld tables; run: refilld init")
    if overwrite and path.exists():
        _require_replaceable(path, database)
    with new_private_file(path, replace=overwrite) as temporary:
        if database.path is not None:
            sqlite_backup.write_backup(database.path, temporary)
        else:
            postgresql_backup.write_backup(database, parse_url(url), temporary)
        written = read_backup(temporary)
    return replace(written, path=path)


def _require_replaceable(path: Path, database: Database) -> None:
    """Raise TransferError unless a file is an older backup."""
    if database.path is not None and path.samefile(database.path):
        raise TransferError(f"{path} is the database itself; give another name for the backup")
    if _format(path) is BackupFormat.SQLITE:
        sqlite_backup.require_unused(path)


def read_backup(path: Path) -> Backup:
    """What a file is a backup of; raises TransferError if it is none, or NotMigratedError for a newer one."""
    found = _format(path)
    stored, at = _READERS[found](path)
    if stored is None:
        raise TransferError(f"{path} is not a backup of refilld: it has no table alembic_version")
    revision.require_known(str(path), stored)
    return Backup(path, found, path.stat().st_size, stored, at)


def _format(path: Path) -> BackupFormat:
    try:
        if path.is_fifo():  # reading it would wait for a writer
            raise TransferError(f"{path} cannot be read: it is not a file")
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise TransferError(f"{path} cannot be read: {error.strerror}") from error
    for found, header in _HEADERS.items():
        if start.startswith(header):
            return found
    raise TransferError(f"{path} is not a backup: neither of SQLite nor of PostgreSQL (pg_dump -Fc)")
