"""The database: its file, its disk, its migrations, and whether it is sound."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from refilld.doctor import private_file
from refilld.doctor.finding import Finding, error, ok, warning
from storage import migrate, sqlite_fault
from storage.engine import Database, parse_url
from storage.errors import NotMigratedError, UnreachableError

REACHABLE = "database.reachable"
MIGRATED = "database.migrations"
_MEGABYTE = 1_000_000
_LEAST_FREE = 100 * _MEGABYTE
_GOOD_FREE = 1000 * _MEGABYTE


def place(url: str) -> Iterator[Finding]:
    """Judge the file of an SQLite database, and its folder; nothing where it is not there yet."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    path = Path(parsed.database or "")
    folder = path.absolute().parent
    size = _size(path)
    if size is not None:
        yield private_file.examined(path, "database.file", "the database")
        if not (os.access(path, os.W_OK) and os.access(folder, os.W_OK)):
            says = f"this account cannot write to {path} and the folder around it, as SQLite must"
            yield error("database.writable", says, "run refilld as the account that owns them")
    with suppress(OSError):  # a folder that is not there, or not ours to see: the findings above tell
        yield _disk(folder, shutil.disk_usage(folder).free, size or 0)


def _size(path: Path) -> int | None:
    """Bytes of the file, 0 where they cannot be seen; None when there is no such file."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return 0


def _disk(folder: Path, free: int, size: int) -> Finding:
    """Judge the space: a migration may write the whole database anew."""
    says = f"{free // _MEGABYTE:,} MB are free in {folder}; the database takes {size // _MEGABYTE:,} MB"
    hint = "make room, or move the database to a larger disk"
    if free < _LEAST_FREE:
        return error("database.disk", says, hint)
    if free < max(_GOOD_FREE, size):
        return warning("database.disk", says, hint)
    return ok("database.disk", says)


def state(database: Database) -> Iterator[Finding]:
    """Judge a database that can be opened; raises as soon as it is out of reach or not migrated."""
    migrate.require_current(database)
    yield ok(REACHABLE, f"{database.name} answers")
    yield ok(MIGRATED, f"its schema is {migrate.newest()}, which this version needs")
    if database.sqlite:
        yield _sound(database)
        yield _library()


def out_of_reach(fault: NotMigratedError | UnreachableError) -> Finding:
    """Say why nothing more can be known of the database."""
    says, _, remedy = str(fault).rpartition("; ")
    if isinstance(fault, NotMigratedError):
        return error(MIGRATED, says, remedy)
    hint = "is the server running, the address right, and the file one that this account may open?"
    if isinstance(fault.__cause__, ModuleNotFoundError):
        hint = "pip install '.[postgres]'"
    return error(REACHABLE, str(fault), hint)


def _sound(database: Database) -> Finding:
    try:
        database.quick_check()
    except UnreachableError as fault:
        hint = "stop the daemon, keep a copy of the file, and restore a backup"
        return error("database.sound", str(fault), hint)
    return ok("database.sound", "the file is sound")


def _library() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite_fault.may_corrupt():
        says = f"SQLite {version} has a fault that may corrupt a write-ahead log; refilld avoids its occasion"
        hint = "do not write to the file with other programs; SQLite 3.51.3 or newer is free of it"
        return warning("database.sqlite", says, hint)
    return ok("database.sqlite", f"SQLite {version} is free of the write-ahead log's fault")
