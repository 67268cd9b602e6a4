"""Finding, creating and locking targets."""

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from monitor.model.target import Metric
from storage import targets
from storage.engine import Database
from storage.errors import NotFoundError
from tests.builders import a_profile, an_order
from tests.storage.shop import at_once, rows_of, sell
from tests.storage.target_rows import get, put


def test_the_target_of_an_order_is_found(database: Database) -> None:
    """Also if several orders share it."""
    sell(database, an_order("1"), an_order("2"), an_order("3", target=a_profile("nasa")))
    with database.read() as connection:
        found = [targets.of_order(connection, order_id).target for order_id in ("1", "2", "3")]
    assert found == [a_profile(), a_profile(), a_profile("nasa")]


def test_unknown_targets_and_orders_are_not_found(database: Database) -> None:
    """The error names what was asked for."""
    with database.read() as connection:
        with pytest.raises(NotFoundError, match="there is no target 404"):
            targets.get(connection, 404)
        with pytest.raises(NotFoundError, match="there is no order A-404"):
            targets.of_order(connection, "A-404")


def test_a_locked_target_cannot_be_locked_by_another_transaction(postgresql: Database) -> None:
    """Two looks at one target are judged one after the other."""
    target_id = put(postgresql, "natgeo")
    with postgresql.write() as first, postgresql.write() as second:
        targets.get(first, target_id, lock=True)
        second.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            targets.get(second, target_id, lock=True)


def test_targets_are_locked_in_the_order_of_their_ids(database: Database) -> None:
    """Unknown ids are skipped."""
    first, second = put(database, "first"), put(database, "second")
    with database.write() as connection:
        found = targets.locked(connection, [second, 404, first])
        assert targets.locked(connection, []) == {}
    assert [(key, row.target.link.key) for key, row in found.items()] == [
        (first, "first"),
        (second, "second"),
    ]


def test_transactions_that_lock_the_same_targets_do_not_deadlock(postgresql: Database) -> None:
    """All transactions lock in the order of ids."""
    ids = [put(postgresql, f"user{i}") for i in range(30)]

    def lock_all(number: int) -> int:
        with postgresql.write() as connection:
            rows = targets.locked(connection, ids[::-1] if number % 2 else ids)
            targets.invalidate_fast_path(connection, ids)
            return len(rows)

    assert at_once(6, lock_all) == [30] * 6


def test_a_locked_target_can_still_be_read(postgresql: Database) -> None:
    """Lists do not wait for an evaluation."""
    target_id = put(postgresql, "natgeo")
    with postgresql.write() as evaluation:
        targets.get(evaluation, target_id, lock=True)
        assert get(postgresql, target_id).target == a_profile("natgeo")


def test_concurrent_imports_create_each_target_once(database: Database) -> None:
    """Concurrent imports get the same ids."""
    wanted = [a_profile(f"user{i}") for i in range(20)]

    def ensure(i: int) -> dict[tuple[str, Metric], int]:
        with database.write() as connection:
            return dict(targets.ensure(connection, wanted[::-1] if i % 2 else wanted))

    answers = at_once(4, ensure)
    assert answers == [answers[0]] * 4
    assert len(rows_of(database, "targets")) == 20


def test_ensuring_no_targets_returns_none(database: Database) -> None:
    """As in an empty import."""
    with database.write() as connection:
        assert targets.ensure(connection, []) == {}


def test_the_database_refuses_a_second_row_for_a_target(database: Database) -> None:
    """Link and metric together are unique."""
    put(database, "natgeo")
    with pytest.raises(IntegrityError):
        put(database, "natgeo")
    assert len(rows_of(database, "targets")) == 1
