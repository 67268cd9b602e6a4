"""PgBouncer in transaction mode: transactions of many clients share few sessions of the server."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from storage import migrate, revision
from storage.engine import Database, advisory_lock
from tests import lease_calls
from tests.pgbouncer import SESSIONS, pgbouncer
from tests.storage.lease_actions import LATER, claim, ids
from tests.storage.request_rows import add_request, count_requests
from tests.storage.shop import at_once, queue

CLIENTS = 4 * SESSIONS
ROUNDS = 10
"""More than psycopg executes a statement before it prepares it by default."""


@pytest.fixture
def bounced(postgres_home: str, postgresql: Database) -> Iterator[Database]:
    """The empty database of the tests, through PgBouncer."""
    with pgbouncer(postgres_home) as url, closing(Database(url)) as database:
        yield database


def test_a_database_is_migrated_through_pgbouncer(fresh_postgres: str) -> None:
    """In one transaction, as without it."""
    with pgbouncer(fresh_postgres) as url, closing(Database(url)) as database:
        migrate.upgrade(database)
        revision.require_current(database)
        database.require_writable()
        assert migrate.differences(database) == []


def test_statements_are_repeated_in_shared_sessions(bounced: Database) -> None:
    """None is prepared: the next transaction may be in a session that does not know it."""

    def work(_client: int) -> None:
        for _ in range(ROUNDS):
            with bounced.write() as connection:
                add_request(connection)
            count_requests(bounced)

    at_once(CLIENTS, work)
    assert count_requests(bounced) == CLIENTS * ROUNDS


@pytest.mark.parametrize("through", ["bounced", "postgresql"])
def test_statements_are_prepared_only_without_a_pooler(request: pytest.FixtureRequest, through: str) -> None:
    """Each would be planned again otherwise."""
    database: Database = request.getfixturevalue(through)
    with database.read() as connection:
        for _ in range(ROUNDS):
            connection.exec_driver_sql("SELECT %(number)s::int", {"number": 1})
        prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
    assert (prepared > 0) is (through == "postgresql")


def test_refills_are_claimed_and_completed_once_by_clients_that_share_sessions(bounced: Database) -> None:
    """Row locks, conditional updates and advisory locks live in one transaction."""
    numbers = queue(bounced, *map(str, range(CLIENTS * ROUNDS)))

    def work(_client: int) -> list[int]:
        done = []
        while rows := claim(bounced, limit=3):
            for row in rows:
                with bounced.write() as connection:
                    advisory_lock(connection, "test")
                    lease_calls.complete(connection, row.refill_id, row.lease_token, LATER)
            done += ids(rows)
        return done

    assert sorted(number for done in at_once(CLIENTS, work) for number in done) == sorted(numbers)


def test_limits_of_a_transaction_do_not_reach_the_next_client(bounced: Database) -> None:
    """They are set for the transaction only."""
    with bounced.write() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
        raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    raw.autocommit = True
    assert raw.execute("SHOW lock_timeout").fetchone() == ("0",)
