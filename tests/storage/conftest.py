"""Databases for the storage tests: a test with the fixture `database` runs on SQLite and on PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.engine import Database
from storage.schema import metadata
from tests.migrated_database import migrated_database
from tests.postgres_server import client_programs, new_database

ENGINES = ["sqlite", "postgresql"]


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database without rows: on SQLite, and on PostgreSQL."""
    migrated: Database = request.getfixturevalue(request.param)
    return migrated


@pytest.fixture
def sqlite(fresh_sqlite: str, sqlite_template: Path) -> Iterator[Database]:
    """A migrated database without rows, in a file."""
    shutil.copy(sqlite_template, make_url(fresh_sqlite).database or "")
    yield from _opened(fresh_sqlite)


@pytest.fixture
def postgresql(kept_postgresql: Database) -> Database:
    """A migrated database on the server, open for all tests and emptied before each."""
    with kept_postgresql.write() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")  # a test left a transaction open
        tables = (table.name for table in reversed(metadata.sorted_tables))
        connection.exec_driver_sql("; ".join(f"DELETE FROM {table}" for table in tables))
    return kept_postgresql


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without tables: on SQLite, and on PostgreSQL."""
    yield from _opened(request.getfixturevalue(f"fresh_{request.param.removesuffix('ql')}"))


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> str:
    """SQLAlchemy URL of a file that does not exist."""
    return f"sqlite:///{tmp_path / 'refilld.db'}"


@pytest.fixture(scope="module")
def module_postgres(postgres_url: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty database for all tests of a module, dropped after the last one."""
    with new_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating for each test would take most of its time."""
    path = tmp_path_factory.mktemp("template") / "refilld.db"
    with migrated_database(path):
        return path


@pytest.fixture(scope="session")
def postgres_home(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """SQLAlchemy URL of a migrated database; a new one for each test would take most of its time."""
    with new_database(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def kept_postgresql(postgres_home: str) -> Iterator[Database]:
    """The database of `postgresql`: what a server does first in a connection takes most of a test's time."""
    yield from _opened(postgres_home)


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def own(request: pytest.FixtureRequest, engine: str) -> str:
    """SQLAlchemy URL of a migrated database of the test's own, on the engine that the test names."""
    if engine == "postgresql":
        return str(request.getfixturevalue("migrated_postgres_url"))
    url = str(request.getfixturevalue("fresh_sqlite"))
    shutil.copy(request.getfixturevalue("sqlite_template"), make_url(url).database or "")
    return url


@pytest.fixture
def empty_own(request: pytest.FixtureRequest, engine: str) -> str:
    """SQLAlchemy URL of an empty database of the test's own."""
    return str(request.getfixturevalue(f"fresh_{engine.removesuffix('ql')}"))


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the server's version come first on the path."""
    monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")
