"""A migrated SQLite database, copied from a file instead of migrated for every test."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from storage import migrate
from storage.engine import Database


@contextmanager
def migrated_database(path: Path) -> Iterator[Database]:
    """A new database in this file, closed afterwards."""
    path.write_bytes(_migrated())
    database = Database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        database.close()


@cache
def _migrated() -> bytes:
    """The file of a migrated database: copying it is faster than migrating."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "migrated.db")
        database = Database(f"sqlite:///{path}")
        migrate.upgrade(database)
        database.close()
        return path.read_bytes()
