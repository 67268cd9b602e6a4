"""Whether the database is ready: nobody who asks waits for a database that does not answer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import make_url, text

from refilld.services.database_check import PROBE, DatabaseCheck
from storage.engine import Database
from storage.errors import NotMigratedError, UnreachableError
from tests.migrated_database import migrated_database
from tests.tcp_proxy import tcp_proxy

SLACK = 1.4


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with migrated_database(tmp_path / "refilld.db") as database:
        yield database


def test_a_silent_server_is_told_within_a_moment_and_nobody_waits_twice(fresh_postgres: str) -> None:
    """Further probes are answered at once, and do not start further checks."""
    directory = Path(str(make_url(fresh_postgres).query["host"]))
    with tcp_proxy(directory / ".s.PGSQL.5432") as proxy:
        url = make_url(fresh_postgres).set(host="127.0.0.1", port=proxy.port, query={})
        proxy.pause()
        with closing(Database(url.render_as_string())) as database:
            check = DatabaseCheck(database)
            for longest in (PROBE + SLACK, SLACK, SLACK):
                start = monotonic()
                with pytest.raises(UnreachableError, match=r"^database .*: no answer for 2 s$"):
                    check.require_ready()
                assert monotonic() - start < longest


def test_a_locked_file_is_ready(sqlite: Database) -> None:
    """Whoever writes does not disturb readers, and probes do not write."""
    with closing(sqlite3.connect(sqlite.place, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        DatabaseCheck(sqlite).require_ready()


def test_a_read_only_server_is_not_ready(migrated_postgres: Database) -> None:
    """As a standby after a fail-over: every job would fail."""
    DatabaseCheck(migrated_postgres).require_ready()
    with migrated_postgres.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    migrated_postgres.close()
    with pytest.raises(UnreachableError, match="the server is read-only"):
        DatabaseCheck(migrated_postgres).require_ready()


def test_a_database_without_tables_is_not_ready(fresh_postgres: str) -> None:
    """The error is the one of a start."""
    with closing(Database(fresh_postgres)) as empty, pytest.raises(NotMigratedError, match="refilld init"):
        DatabaseCheck(empty).require_ready()
