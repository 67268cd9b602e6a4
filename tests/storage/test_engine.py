"""Opening the database: clear errors, and a private, durable file."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, make_url
from sqlalchemy.exc import IntegrityError, ProgrammingError

from monitor.errors import BadInputError, RefilldError
from storage import migrate, revision
from storage.engine import Database
from storage.errors import MissingDriverError, UnreachableError
from storage.schema import snapshots
from tests.builders import NOW, a_profile, an_order
from tests.storage.request_rows import add_request, count_requests, file_of
from tests.storage.shop import everything, sell

SECRET = "sw0rdfish"


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


# URLs


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not a database URL"),
        ("refilld.db", "not a database URL"),
        ("postgresql://host:port/name", "not a database URL"),
        ("postgresql://[::1/name", "not a database URL"),
        ("mysql://host/name", "unknown engine 'mysql'"),
        (f"http://user:{SECRET}@host/name", "unknown engine 'http'"),
        (f"postgresql://user:at@{SECRET}@host/name", "write it as %40"),
        ("sqlite://", "does not name just a file"),
        ("sqlite:///", "does not name just a file"),
        ("sqlite:///:memory:", "does not name just a file"),
        ("sqlite:///file:refilld.db?mode=memory&uri=true", "does not name just a file"),
        ("sqlite://host/refilld.db", "does not name just a file"),
    ],
)
def test_an_unusable_url_is_a_one_line_error(
    url: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the key and the remedy without the password; no file is created."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError) as caught:
        Database(url)
    assert caught.value.field == "database.url"
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite+pysqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_a_file_is_opened_with_the_standard_driver(url: str, tmp_path: Path) -> None:
    """Whatever driver the URL names."""
    database = Database(url.format(tmp_path / "refilld.db"))
    assert (database.sqlite, database.path) == (True, tmp_path / "refilld.db")
    with database.read() as connection:
        assert connection.engine.driver == "pysqlite"
    database.close()


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2", "postgresql+asyncpg"])
def test_a_server_is_reached_with_the_standard_driver(postgres_home: str, driver: str) -> None:
    """Whatever driver the URL names."""
    database = Database(make_url(postgres_home).set(drivername=driver).render_as_string(hide_password=False))
    assert (database.sqlite, database.path) == (False, None)
    with database.read() as connection:
        assert connection.engine.driver == "psycopg"
    database.close()


# Databases that cannot be opened or reached


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{SECRET}@127.0.0.1:1/name",
        f"postgresql://user@127.0.0.1:1/name?password={SECRET}",
        f"postgresql://user:{SECRET}@127.0.0.1:1/name?no_such_option=1",
    ],
)
@pytest.mark.parametrize("use", [Database.read, Database.write, revision.require_current])
def test_an_unreachable_server_is_a_one_line_error_without_the_password(url: str, use: object) -> None:
    """The line names the database; a password must not be logged."""
    database = Database(url)
    assert callable(use)
    with pytest.raises(UnreachableError) as caught, use(database):
        pass
    database.close()
    assert str(caught.value).startswith(f"database {database.name}: ")
    assert "127.0.0.1:1/name" in database.name
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_refused_password_is_not_shown(postgres_home: str) -> None:
    """Nor that of a server that refuses the connection."""
    url = make_url(postgres_home).set(username="stranger", password=SECRET)
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(UnreachableError, match='"stranger" does not exist') as caught, database.read():
        pass
    database.close()
    assert SECRET not in str(caught.value)


def test_the_error_for_a_missing_driver_names_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is an extra; the message names it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDriverError, match=r"needs psycopg, from the extra postgres") as caught:
        Database("postgresql://host/name")
    assert caught.value.extra == "postgres"


@pytest.mark.parametrize("path", ["missing/refilld.db", ".", "note.txt/refilld.db"])
def test_a_file_that_cannot_be_opened_is_a_one_line_error(tmp_path: Path, path: str) -> None:
    """With the path and the system's reason."""
    (tmp_path / "note.txt").write_text("not a directory")
    with pytest.raises(UnreachableError) as caught:
        Database(f"sqlite:///{tmp_path / path}")
    assert str(caught.value).startswith(f"cannot open {tmp_path / path}: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_not_changed(tmp_path: Path) -> None:
    """A wrong path in the configuration must not overwrite a file."""
    path = tmp_path / "letters.txt"
    path.write_text("Dear customer,\n" * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(UnreachableError, match="file is not a database"):
        migrate.upgrade(database)
    database.close()
    assert path.read_text() == "Dear customer,\n" * 100


def test_the_error_for_a_damaged_file_says_what_to_do(sqlite: Database, tmp_path: Path) -> None:
    """The check at start finds it."""
    sell(sqlite, *(an_order(str(i), target=a_profile(f"user{i}")) for i in range(500)))
    sqlite.quick_check()
    sqlite.checkpoint()
    damaged = tmp_path / "damaged.db"
    content = bytearray(file_of(sqlite).read_bytes())
    content[len(content) // 2 :] = os.urandom(len(content) - len(content) // 2)
    damaged.write_bytes(content)
    database = Database(f"sqlite:///{damaged}")
    with pytest.raises(UnreachableError, match=r"damaged|malformed"):
        database.quick_check()
    database.close()


def test_a_wrong_statement_is_not_reported_as_unreachable(postgresql: Database) -> None:
    """A bug must not look like an outage."""
    with pytest.raises(ProgrammingError), postgresql.read() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")


def test_an_unmapped_constraint_violation_is_raised_unchanged(database: Database) -> None:
    """Only named constraints become domain errors."""
    row = {"target_id": 404, "at": NOW, "outcome": "private", "source": "s", "count_kind": "", "detail": ""}
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        connection.execute(insert(snapshots), row)
    assert not isinstance(caught.value, RefilldError)


# A private, durable file


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path, mask: int) -> None:
    """It holds customer names; the same for its log and index, whatever the umask."""
    before = os.umask(mask)
    try:
        database = Database(f"sqlite:///{tmp_path / 'refilld.db'}")
        migrate.upgrade(database)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        database.close()
    finally:
        os.umask(before)
    assert modes == {"refilld.db": 0o600, "refilld.db-wal": 0o600, "refilld.db-shm": 0o600}


def test_every_connection_is_durable_and_checks_foreign_keys(sqlite: Database) -> None:
    """Readers and writers: WAL, every commit on disk, foreign keys, no mmap, no automatic checkpoint."""
    expected = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 1000,
        "mmap_size": 0, "wal_autocheckpoint": 0,
    }  # fmt: skip
    with sqlite.write() as writer, sqlite.read() as reader, sqlite.read() as another:
        for connection in (writer, reader, another):
            assert {name: pragma(connection, name) for name in expected} == expected


def test_only_a_checkpoint_moves_the_log_into_the_file(sqlite: Database, tmp_path: Path) -> None:
    """Until then the file alone does not hold the new rows."""

    def in_the_file() -> int:
        alone = Path(shutil.copy(file_of(sqlite), tmp_path / "alone.db"))
        copy = Database(f"sqlite:///{alone}")
        rows = count_requests(copy)
        copy.close()
        alone.unlink()
        return rows

    for _ in range(50):
        with sqlite.write() as connection:
            add_request(connection, count=100)
    assert (in_the_file(), count_requests(sqlite)) == (0, 5000)
    sqlite.checkpoint()
    assert (in_the_file(), count_requests(sqlite)) == (5000, 5000)


def test_a_checkpoint_of_postgresql_does_nothing(postgresql: Database) -> None:
    """The daemon calls it for any engine."""
    before = everything(postgresql)
    postgresql.checkpoint()
    postgresql.quick_check()
    assert everything(postgresql) == before
