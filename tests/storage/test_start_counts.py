"""Start counts: given or measured, and fixed once a decision depends on them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from monitor.model.decision import Action
from monitor.model.order import Order
from storage import drops, orders, targets
from storage.engine import Database
from storage.orders import ImportResult
from tests.builders import DAY, NOW, a_claim, a_decision, a_drop, an_order
from tests.storage.order_rows import decide, result_and_field, stored
from tests.storage.shop import sell, wait_for_a_blocked_transaction


def measured_order(start_count: int) -> Order:
    return an_order(start_count=start_count, start_measured=True, base_at=NOW, counted_at=NOW)


def measure(database: Database, start_count: int) -> None:
    with database.write() as connection:
        orders.measured(connection, measured_order(start_count))


def test_a_start_count_that_is_still_unknown_may_be_given_later(database: Database) -> None:
    """The panel fills it in with a later export."""
    sell(database, an_order(start_count=None))
    assert result_and_field(sell(database, an_order(start_count=500))) == (ImportResult.UPDATED, None)
    assert stored(database) == an_order(start_count=500)


@pytest.mark.parametrize("row", [500, None])
def test_a_known_start_count_stays_with_the_same_or_no_value(database: Database, row: int | None) -> None:
    """The same number, or none, changes nothing."""
    sell(database, an_order(start_count=500))
    assert result_and_field(sell(database, an_order(start_count=row))) == (ImportResult.UNCHANGED, None)


def test_a_known_start_count_cannot_be_changed(database: Database) -> None:
    """Another number would change the line."""
    sell(database, an_order(start_count=500))
    assert result_and_field(sell(database, an_order(start_count=0))) == (ImportResult.REFUSED, "start_count")
    assert stored(database).start_count == 500


def test_a_measured_start_count_is_stored_and_marked(database: Database) -> None:
    """It can be distinguished from an imported one."""
    sell(database, an_order(start_count=None))
    measure(database, 480)
    assert stored(database) == measured_order(480)


def test_a_lowered_base_is_stored(database: Database) -> None:
    """With the look that lowered it."""
    sell(database, an_order())
    lowered = an_order(base_lowered=300, base_at=NOW, counted_at=NOW)
    with database.write() as connection:
        orders.measured(connection, lowered)
    assert stored(database) == lowered


def test_a_measured_start_count_of_zero_is_stored(database: Database) -> None:
    """Zero is a count, not a missing value."""
    sell(database, an_order(start_count=None))
    measure(database, 0)
    assert stored(database).start_count == 0


def test_a_larger_delivery_resets_a_measured_start_count(database: Database) -> None:
    """It is measured again."""
    sell(database, an_order(start_count=None, remains=100))
    measure(database, 480)
    sell(database, an_order(start_count=None, remains=0))
    assert stored(database) == an_order(start_count=None, start_measured=False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"remains": 10}, "remains"),
        ({"completed_at": NOW - 9 * DAY}, "completed_at"),
        ({"start_count": 400}, "start_count"),
    ],
)
def test_after_a_decision_remains_completion_and_start_count_are_fixed(
    database: Database, change: dict[str, Any], field: str
) -> None:
    """The decision depends on them."""
    sell(database, an_order())
    decide(database)
    assert result_and_field(sell(database, an_order(**change))) == (ImportResult.REFUSED, field)
    assert stored(database) == an_order()


def test_after_a_decision_a_measured_start_count_is_fixed(database: Database) -> None:
    """A measured one, too, stays after a decision."""
    sell(database, an_order(start_count=None))
    measure(database, 480)
    decide(database)
    assert result_and_field(sell(database, an_order(start_count=None, remains=10))) == (
        ImportResult.REFUSED,
        "remains",
    )
    assert stored(database) == measured_order(480)


def test_without_a_decision_remains_completion_and_start_count_may_change(database: Database) -> None:
    """A suspected drop does not fix them."""
    sell(database, an_order())
    with database.write() as connection:
        drops.save(connection, a_drop(), a_claim(), 1200)
    assert result_and_field(sell(database, an_order(remains=10))) == (ImportResult.UPDATED, None)
    assert stored(database).delivered == 990


def test_a_decision_on_another_order_fixes_nothing(database: Database) -> None:
    """Only the order's own decisions count."""
    sell(database, an_order("1"), an_order("2"))
    decide(database, "2")
    answer = sell(database, an_order("1", remains=10), an_order("2", remains=10))
    assert [row.result for row in answer] == [ImportResult.UPDATED, ImportResult.REFUSED]


def test_details_may_change_after_a_decision(database: Database) -> None:
    """The baseline is fixed, the name of the customer is not."""
    sell(database, an_order())
    decide(database)
    assert result_and_field(sell(database, an_order(customer="c"))) == (ImportResult.UPDATED, None)


def test_an_import_waits_for_an_evaluation_of_the_target(postgresql: Database) -> None:
    """A decision in progress keeps its start count."""
    sell(postgresql, an_order())
    with ThreadPoolExecutor(1) as importer:
        with postgresql.write() as judge:
            targets.of_order(judge, "1", lock=True)
            answer = importer.submit(sell, postgresql, an_order(remains=10))
            wait_for_a_blocked_transaction(postgresql)
            drop_id = drops.save(judge, a_drop(), a_claim(), 1200)
            drops.add_decision(judge, drop_id, a_decision("1", Action.WAIT))
        assert result_and_field(answer.result(timeout=30)) == (ImportResult.REFUSED, "remains")
    assert stored(postgresql) == an_order()
