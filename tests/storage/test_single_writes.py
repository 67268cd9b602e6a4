"""Transactions of a single statement: without BEGIN and COMMIT where nothing is lost by that."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from storage import leases
from storage.engine import Database
from storage.errors import UnreachableError
from storage.lease_calls import Complete
from storage.patience import CALLER, Patience
from tests.pgbouncer import pgbouncer
from tests.storage.lease_actions import LATER, claim, get
from tests.storage.request_rows import add_request, count_requests
from tests.storage.shop import queue

SHORT = Patience(turn=0.05, statement=0.1)
BEGIN = "BEGIN"


@contextmanager
def sent(database: Database) -> Iterator[list[str]]:
    """The first words of the statements that are sent meanwhile."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        found.append(str(arguments[2]).split()[0].rstrip(";"))

    engine = database._writers  # what is sent has no other trace
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def single(postgres_home: str, postgresql: Database) -> Iterator[Database]:
    """The empty database, with a pool of one connection: others would take turns with it."""
    with closing(Database(postgres_home)) as database:
        yield database


def write_one(database: Database) -> None:
    with database.write(single=True) as connection:
        add_request(connection)


def test_a_single_statement_on_a_connection_in_use_is_all_that_is_sent(single: Database) -> None:
    write_one(single)
    write_one(single)
    with sent(single) as statements:
        write_one(single)
    assert statements == ["INSERT"]
    assert count_requests(single) == 3


def test_a_connection_that_was_idle_is_checked_first(single: Database) -> None:
    write_one(single)
    with single.read() as connection:
        raw: Any = connection.connection.driver_connection
    raw._answered_at -= 60  # a minute passes
    with sent(single) as statements:
        write_one(single)
    assert statements == [BEGIN, "INSERT"]


def test_behind_a_pooler_it_is_an_ordinary_transaction(postgres_home: str, postgresql: Database) -> None:
    """The settings of a session would reach others."""
    with pgbouncer(postgres_home) as url, closing(Database(url)) as bounced:
        write_one(bounced)
        with sent(bounced) as statements:
            write_one(bounced)
    assert statements == [BEGIN, "INSERT"]
    assert count_requests(postgresql) == 2


def test_a_single_statement_has_the_limits_of_its_database(single: Database) -> None:
    write_one(single)
    for _ in range(2):  # the second one finds the limits set
        with (
            pytest.raises(UnreachableError, match="statement timeout"),
            single.with_patience(SHORT).write(single=True) as connection,
        ):
            connection.exec_driver_sql("SELECT pg_sleep(5)")
    with single.with_patience(CALLER).write(single=True) as connection:
        limit = connection.exec_driver_sql("SHOW statement_timeout").scalar()
    assert limit == f"{CALLER.statement}s"


def test_a_refused_single_statement_changes_nothing(database: Database) -> None:
    queue(database, "1")
    (row,) = claim(database)
    with database.write(single=True) as connection:
        assert leases.complete_now(connection, Complete(row.refill_id, "another token"), LATER) is None
    assert get(database, row.refill_id).state == "claimed"


def test_a_single_statement_completes_a_refill_with_its_history(database: Database) -> None:
    queue(database, "1")
    (row,) = claim(database)
    with database.write(single=True) as connection:
        done = leases.complete_now(connection, Complete(row.refill_id, row.lease_token), LATER)
    assert done is not None
    assert done.units == row.quantity
    assert get(database, row.refill_id).state == "completed"
