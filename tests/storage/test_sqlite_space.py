"""The space of deleted rows: new files give it back in steps, older ones after they were compacted."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage import migrate
from storage.engine import Database
from storage.errors import UnreachableError
from storage.token_tables import tokens
from tests.builders import NOW


@pytest.fixture
def file(fresh_sqlite: str) -> Path:
    return Path(make_url(fresh_sqlite).database or "")


def filled(url: str) -> Database:
    """A migrated database of which most rows were deleted."""
    database = Database(url)
    migrate.upgrade(database)
    with database.write() as connection:
        rows = [{"name": "x" * 500, "digest": f"{i}", "scopes": "", "created_at": NOW} for i in range(4000)]
        connection.execute(tokens.insert(), rows)
    with database.write() as connection:
        connection.execute(tokens.delete().where(tokens.c.token_id > 400))
    database.checkpoint()
    return database


def test_a_new_file_shrinks_in_steps(fresh_sqlite: str, file: Path) -> None:
    """Until at most a tenth of it is free."""
    database = filled(fresh_sqlite)
    before = file.stat().st_size
    steps = 1
    while database.release_space(50):
        steps += 1
    database.checkpoint()
    database.close()
    assert steps > 5
    assert file.stat().st_size < before / 2
    with closing(sqlite3.connect(file)) as raw:
        (free,), (pages,) = (
            raw.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count")
        )
    assert 0 < free <= (pages + 50) // 10 + 1  # of the pages before the last step


def test_an_old_file_keeps_its_size_until_it_is_compacted(fresh_sqlite: str, file: Path) -> None:
    """Without a new table of pages, which only VACUUM can add."""
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("CREATE TABLE old (id INTEGER)")
        raw.execute("DROP TABLE old")
    database = filled(fresh_sqlite)
    before = file.stat().st_size
    assert not database.release_space(50)
    database.compact()
    assert file.stat().st_size < before / 2
    with database.write() as connection:
        connection.execute(tokens.delete())
    assert database.release_space(1)
    database.close()


def test_compacting_says_that_the_file_is_in_use(fresh_sqlite: str) -> None:
    """In one line, without a traceback of the driver."""
    database = filled(fresh_sqlite)
    with closing(sqlite3.connect(make_url(fresh_sqlite).database or "", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with database._sqlite_writer() as raw:
            assert raw is not None
            raw.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(UnreachableError, match="database is locked"):
            database.compact()
    database.close()


def test_postgresql_needs_no_help(postgresql: Database) -> None:
    postgresql.compact()
    assert not postgresql.release_space(50)
