"""Restoring a database from a backup of its own engine, and what that replaces."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, inspect, select

from storage import postgresql_restore, sqlite_engine, sqlite_restore
from storage.backup import Backup, BackupFormat
from storage.database_url import parse_url
from storage.engine import Database
from storage.errors import NotMigratedError, StorageError, TransferError
from storage.new_start import NewStart
from storage.patience import MIGRATION
from storage.schema import refills, snapshots


@dataclass(frozen=True, slots=True)
class Present:
    """The database that a restore replaces."""

    place: str
    exists: bool
    """False if it is missing or empty."""
    readable: bool = True
    newest_look: datetime | None = None
    refills_since: int = 0
    """Refills that were created after the state of the backup."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done."""

    start: NewStart
    kept: Path | None
    """The file that was replaced; None if there was none, and on PostgreSQL."""


def present(url: str, backup: Backup) -> Present:
    """What the restore of a backup would replace; raises TransferError for a backup of the other engine."""
    parsed = parse_url(url)
    engine = BackupFormat.SQLITE if parsed.get_backend_name() == "sqlite" else BackupFormat.POSTGRESQL
    if engine is not backup.format:
        raise TransferError(
            f"{backup.path} is a backup of {backup.format}, database.url names {engine}; restore it into"
            f" {backup.format}, then run: refilld db copy"
        )
    path = Path(parsed.database or "")
    if engine is BackupFormat.SQLITE and sqlite_engine.is_missing(path):
        return Present(str(path.resolve()), exists=False)
    database = Database(url, create=False, patience=MIGRATION)
    try:
        return _present(database, backup)
    except NotMigratedError:
        return Present(database.place, exists=False)
    except StorageError:
        if not database.sqlite:
            raise
        return Present(database.place, exists=True, readable=False)
    finally:
        database.close()


def _present(database: Database, backup: Backup) -> Present:
    since = select(func.count()).select_from(refills)
    if backup.at is not None:
        since = since.where(refills.c.created_at > backup.at)
    with database.read() as connection:
        if not inspect(connection).has_table("refills"):
            return Present(database.place, exists=False)
        newest = connection.execute(select(func.max(snapshots.c.at))).scalar()
        return Present(database.place, True, True, newest, connection.execute(since).scalar_one())


def restore(backup: Backup, url: str, now: datetime, *, replace: bool) -> Restored:
    """Put a backup in the place of the database; `replace` permits dropping the tables on PostgreSQL."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Restored(*sqlite_restore.restore(backup.path, Path(parsed.database or ""), now))
    database = Database(url, patience=MIGRATION)
    try:
        return Restored(postgresql_restore.restore(backup.path, database, now, replace=replace), None)
    finally:
        database.close()
