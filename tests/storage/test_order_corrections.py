"""Corrections of a start count: what they change, and what an import does afterwards."""

from dataclasses import replace
from datetime import datetime

import pytest

from monitor.guarantee.start_counts import measure_start_counts
from monitor.model.order import OrderStatus
from storage import order_corrections, order_states, orders
from storage.engine import Database
from storage.errors import NotFoundError
from storage.order_corrections import CorrectionRow
from storage.orders import ImportResult
from tests.builders import DAY, NOW, an_order
from tests.storage.order_rows import LATER, decide, result_and_field, stored
from tests.storage.shop import rows_of, sell


def correct(
    database: Database, start_count: int, order_id: str = "1", now: datetime = LATER
) -> CorrectionRow | None:
    with database.write() as connection:
        row = order_corrections.correct_start_count(connection, order_id, start_count, now, "why")
    return row and replace(row, correction_id=1)


def test_a_correction_changes_the_baseline_and_is_kept(database: Database) -> None:
    """With the time, the value before and the value after."""
    sell(database, an_order(start_count=0))
    assert correct(database, 3572) == CorrectionRow(1, "1", LATER, "start_count", 0, 3572)
    assert stored(database) == an_order(start_count=3572, start_corrected=True)
    with database.read() as connection:
        (row,) = order_corrections.of_order(connection, "1")
    assert (row.order_id, row.at, row.field, row.before, row.after) == ("1", LATER, "start_count", 0, 3572)


def test_a_correction_has_the_target_evaluated_again(database: Database) -> None:
    """At once; its base is as given, and its settled look stays, so that no loss is a short delivery."""
    sell(database, an_order(start_count=0))
    with database.write() as connection:
        orders.settled_look(connection, "1", NOW)
        bounds = "noop_until = 1, noop_min_count = 1"
        connection.exec_driver_sql(f"UPDATE targets SET {bounds}, next_due_at = NULL")
        connection.exec_driver_sql("UPDATE orders SET base_lowered = 7, base_at = 1, counted_at = 2")
    correct(database, 3572)
    (target,) = rows_of(database, "targets")
    (order,) = rows_of(database, "orders")
    assert (target.noop_until, target.next_due_at, order.settled_look_at is None) == (None, LATER, False)
    assert (order.base_lowered, order.base_at, order.counted_at) == (0, None, None)


def test_no_look_is_scheduled_for_a_guarantee_that_has_ended(database: Database) -> None:
    """The correction is stored all the same."""
    sell(database, an_order(window=DAY))
    assert correct(database, 1) is not None
    (target,) = rows_of(database, "targets")
    assert target.next_due_at is None


def test_a_measured_start_count_becomes_a_given_one(database: Database) -> None:
    """Even if it is the same number; a given one that is right already is no correction."""
    sell(database, an_order(start_count=None))
    with database.write() as connection:
        orders.measured(connection, an_order(start_count=500, start_measured=True, base_at=NOW))
    assert correct(database, 500) == CorrectionRow(1, "1", LATER, "start_count", 500, 500)
    assert stored(database).start_measured is False
    assert correct(database, 500) is None


def test_a_start_count_of_0_that_an_operator_gave_stays_believed(database: Database) -> None:
    """Also when a changed delivery has a first settled look of its own, and if the panel gave 0 as well."""
    sell(database, an_order(start_count=0))
    assert correct(database, 0) is not None
    assert correct(database, 0) is None
    row = an_order(status=OrderStatus.PARTIAL, remains=100, start_count=0)
    assert result_and_field(sell(database, row)) == (ImportResult.UPDATED, None)
    with database.read() as connection:
        target_id = orders.get(connection, "1").target_id
        (state,) = order_states.of_target(connection, target_id)
    assert not state.settled_look
    (after,) = measure_start_counts([state], 50_000, NOW)
    assert (after.order.start_count, after.order.start_measured) == (0, False)


def test_a_correction_holds_against_the_panel_s_rows(database: Database) -> None:
    """A row with the wrong start count is no change, and another order's is refused as before."""
    sell(database, an_order(start_count=0), an_order("2", start_count=0))
    decide(database)
    correct(database, 3572)
    assert result_and_field(sell(database, an_order(start_count=0))) == (ImportResult.UNCHANGED, None)
    assert result_and_field(sell(database, an_order("2", start_count=5))) == (
        ImportResult.REFUSED,
        "start_count",
    )
    assert stored(database).start_count == 3572


def test_an_unknown_order_cannot_be_corrected(database: Database) -> None:
    """The error names it."""
    with pytest.raises(NotFoundError, match="no order 9"):
        correct(database, 1, "9")
