"""Start counts: given or measured, and fixed once a decision rests on them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from monitor.model.decision import Action
from storage import drops, orders, targets
from storage.engine import Database
from storage.orders import ImportResult
from tests.storage.order_rows import decide, kept, refusal
from tests.storage.shop import (
    DAY,
    NOW,
    a_claim,
    a_decision,
    a_drop,
    an_order,
    sell,
)


def test_a_start_count_that_is_still_unknown_may_be_given_later(database: Database) -> None:
    """The panel fills it in with a later export."""
    sell(database, an_order(start_count=None))
    assert refusal(sell(database, an_order(start_count=500))) == (ImportResult.UPDATED, None)
    assert kept(database) == an_order(start_count=500)


@pytest.mark.parametrize("row", [500, None])
def test_a_start_count_that_is_known_is_confirmed_or_left_alone(database: Database, row: int | None) -> None:
    """The same number, or none, changes nothing."""
    sell(database, an_order(start_count=500))
    assert refusal(sell(database, an_order(start_count=row))) == (ImportResult.UNCHANGED, None)


def test_a_start_count_that_is_known_is_never_changed(database: Database) -> None:
    """Another number would be another baseline."""
    sell(database, an_order(start_count=500))
    assert refusal(sell(database, an_order(start_count=0))) == (ImportResult.REFUSED, "start_count")
    assert kept(database).start_count == 500


def test_a_measured_start_count_is_stored_and_marked(database: Database) -> None:
    """It can always be told from one that the panel gave."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    assert kept(database) == an_order(start_count=480, start_measured=True)


def test_a_measured_start_count_never_replaces_one_that_is_known(database: Database) -> None:
    """A start count that the panel gave in the meantime stays."""
    sell(database, an_order(start_count=500))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    assert kept(database) == an_order(start_count=500)


def test_a_measured_start_count_of_zero_is_kept_as_zero(database: Database) -> None:
    """Zero is a number, not a gap."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 0)
    assert kept(database).start_count == 0


def test_a_measured_start_count_falls_with_the_delivery_that_it_was_measured_for(database: Database) -> None:
    """More delivered units make the old measurement wrong: it is measured anew."""
    sell(database, an_order(start_count=None, remains=100))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    sell(database, an_order(start_count=None, remains=0))
    assert kept(database) == an_order(start_count=None, start_measured=False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"remains": 10}, "remains"),
        ({"completed_at": NOW - 9 * DAY}, "completed_at"),
        ({"start_count": 400}, "start_count"),
    ],
)
def test_a_baseline_that_a_decision_rests_on_is_never_rewritten(
    database: Database, change: dict[str, Any], field: str
) -> None:
    """Remains, time of completion and start count stay once something was decided by them."""
    sell(database, an_order())
    decide(database)
    assert refusal(sell(database, an_order(**change))) == (ImportResult.REFUSED, field)
    assert kept(database) == an_order()


def test_a_measured_baseline_that_a_decision_rests_on_is_never_rewritten(database: Database) -> None:
    """Even a measured start count stays once something was decided by it."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, "1", 480)
    decide(database)
    assert refusal(sell(database, an_order(start_count=None, remains=10))) == (
        ImportResult.REFUSED,
        "remains",
    )
    assert kept(database) == an_order(start_count=480, start_measured=True)


def test_a_baseline_without_a_decision_may_move(database: Database) -> None:
    """A drop that was only suspected does not freeze the order."""
    sell(database, an_order())
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    assert refusal(sell(database, an_order(remains=10))) == (ImportResult.UPDATED, None)
    assert kept(database).delivered == 990


def test_a_decision_on_another_order_freezes_nothing(database: Database) -> None:
    """Only the order's own decisions count."""
    sell(database, an_order("1"), an_order("2"))
    decide(database, "2")
    answer = sell(database, an_order("1", remains=10), an_order("2", remains=10))
    assert [row.result for row in answer] == [ImportResult.UPDATED, ImportResult.REFUSED]


def test_notes_of_a_decided_order_may_still_change(database: Database) -> None:
    """The baseline is frozen, the customer's name is not."""
    sell(database, an_order())
    decide(database)
    assert refusal(sell(database, an_order(customer="c"))) == (ImportResult.UPDATED, None)


def test_an_import_waits_for_whoever_judges_the_target(postgresql: Database) -> None:
    """A decision that is just being made does not lose its baseline to an import."""
    sell(postgresql, an_order())
    with ThreadPoolExecutor(1) as importer:
        with postgresql.write() as judge:
            targets.of_order(judge, "1", lock=True)
            answer = importer.submit(sell, postgresql, an_order(remains=10))
            wait_until_somebody_waits(postgresql)
            drop_id = drops.save(judge, a_drop(), a_claim(), 1200)
            drops.add_decision(judge, drop_id, a_decision("1", Action.WAIT))
        assert refusal(answer.result(timeout=30)) == (ImportResult.REFUSED, "remains")
    assert kept(postgresql) == an_order()


def wait_until_somebody_waits(database: Database) -> None:
    """Return once a transaction on the server stands before a lock."""
    for _ in range(100_000):
        with database.read() as connection:
            if connection.exec_driver_sql("SELECT 1 FROM pg_locks WHERE NOT granted").first():
                return
    pytest.fail("nobody waits for a lock")
