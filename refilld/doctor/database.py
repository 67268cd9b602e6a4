"""Checks of the database: its file, free disk space, migrations, and integrity."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from refilld.doctor import private_file
from refilld.doctor.finding import Finding, error, ok, warning
from refilld.extras import install_command
from refilld.services.transfer_words import transfer_sentence
from storage import revision, sqlite_fault, transfers
from storage.database_url import parse_url
from storage.engine import Database
from storage.errors import (
    DatabaseFileError,
    MissingDriverError,
    MovedError,
    NotMigratedError,
    UnreachableError,
)

REACHABLE = "database.reachable"
MIGRATED = "database.migrations"
MOVED = "database.moved"
_MEGABYTE = 1_000_000
_ERROR_BELOW = 100 * _MEGABYTE
_WARNING_BELOW = 1000 * _MEGABYTE


def file_findings(url: str) -> Iterator[Finding]:
    """Check the file of an SQLite database and its folder; nothing when the file does not exist yet."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    path = Path(parsed.database or "")
    folder = path.absolute().parent
    size = _size(path)
    if size is not None:
        yield private_file.file_finding(path, "database.file", "the database")
        if not (os.access(path, os.W_OK) and os.access(folder, os.W_OK)):
            says = f"this user cannot write to {path} and its folder, which SQLite must"
            yield error("database.writable", says, "run refilld as the user that owns them")
    with suppress(OSError):  # the folder is missing or not readable, which other findings report
        yield _disk(folder, shutil.disk_usage(folder).free, size or 0)


def _size(path: Path) -> int | None:
    """Size of the file in bytes, 0 when it cannot be read; None when there is no such file."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 0


def _disk(folder: Path, free: int, size: int) -> Finding:
    """Check the free space: a migration may rewrite the whole database."""
    says = f"{free // _MEGABYTE:,} MB are free in {folder}; the database takes {size // _MEGABYTE:,} MB"
    hint = "make room, or move the database to a larger disk"
    if free < _ERROR_BELOW:
        return error("database.disk", says, hint)
    if free < max(_WARNING_BELOW, size):
        return warning("database.disk", says, hint)
    return ok("database.disk", says)


def connection_findings(database: Database) -> Iterator[Finding]:
    """Check an opened database; raises UnreachableError, or NotMigratedError for an older schema."""
    revision.require_current(database)
    yield ok(REACHABLE, f"{database.name} answers")
    yield ok(MIGRATED, f"its schema is {revision.newest()}, which this version needs")
    with database.read() as connection:
        done = transfers.listed(connection)
    if done:
        yield ok("database.transfers", f"it was {transfer_sentence(done[-1])}")
    if database.sqlite:
        yield _integrity(database)
        yield _sqlite_version()


def unusable(fault: NotMigratedError | UnreachableError) -> Finding:
    """The finding for a database that cannot be opened or is not migrated."""
    says, _, remedy = str(fault).rpartition("; ")
    if isinstance(fault, MovedError):
        return error(MOVED, says, remedy)
    if isinstance(fault, NotMigratedError):
        return error(MIGRATED, says, remedy)
    if isinstance(fault, DatabaseFileError):
        return error(REACHABLE, says, remedy)
    hint = "is the server running, is the URL right, and may this user open the file?"
    if isinstance(fault, MissingDriverError):
        hint = install_command(fault.extra)
    return error(REACHABLE, str(fault), hint)


def _integrity(database: Database) -> Finding:
    try:
        database.quick_check()
    except UnreachableError as fault:
        hint = "stop the daemon, keep a copy of the file, and restore a backup"
        return error("database.sound", str(fault), hint)
    return ok("database.sound", "the file is sound")


def _sqlite_version() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite_fault.may_corrupt():
        says = f"SQLite {version} has a bug that may corrupt a write-ahead log; refilld avoids it"
        hint = "do not write to the file with other programs; SQLite 3.51.3 and newer do not have it"
        return warning("database.sqlite", says, hint)
    return ok("database.sqlite", f"SQLite {version} does not have the bug in the write-ahead log")
