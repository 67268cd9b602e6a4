"""The newest stored time, and the time of the database server."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from monitor.cadence.schedule import Priority
from storage import server_time, sqlite_fault
from storage.engine import Database
from storage.source_tables import source_requests
from storage.sqlite_fault import Version
from tests.builders import HOUR, MINUTE, NOW
from tests.storage.shop import put_target


def newest(database: Database) -> datetime | None:
    with database.read() as connection:
        return server_time.newest(connection)


def test_a_new_database_has_no_newest_time(database: Database) -> None:
    """There are no looks yet."""
    assert newest(database) is None


@pytest.mark.parametrize("later", [HOUR, -HOUR])
def test_the_newest_instant_is_that_of_a_look_or_of_a_request(database: Database, later: timedelta) -> None:
    """The later of both."""
    with database.write() as connection:
        put_target(connection, "a", NOW, Priority.ROUTINE, last_look_at=NOW)
        put_target(connection, "b", NOW, Priority.ROUTINE, last_look_at=NOW - MINUTE)
        connection.execute(insert(source_requests), {"source": "graph", "at": NOW + later})
    assert newest(database) == max(NOW, NOW + later)


def test_a_server_returns_its_own_time(postgresql: Database) -> None:
    """In the test it is that of this machine."""
    with postgresql.read() as connection:
        found = server_time.server_time(connection)
    assert found is not None
    assert found.tzinfo is UTC
    assert abs(found - datetime.now(UTC)) < MINUTE


def test_sqlite_has_no_server_time(sqlite: Database) -> None:
    """SQLite runs in this process."""
    with sqlite.read() as connection:
        assert server_time.server_time(connection) is None


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((4, 0, 0), False),
    ],
)
def test_sqlite_versions_with_the_wal_bug_are_recognised(version: Version, faulty: bool) -> None:
    """It is fixed in 3.51.3 and in two older release lines."""
    assert sqlite_fault.may_corrupt(version) is faulty
