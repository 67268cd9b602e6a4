"""Histories: all orders of a database with their drops, decisions and refills."""

from datetime import datetime

import pytest

from monitor.cadence.schedule import Priority
from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from storage import due
from storage.engine import Database
from storage.order_history import History, PastDrop, PastRefill, histories
from tests.builders import DAY, HOUR, NOW, a_post, an_order
from tests.storage.shop import bring_to, put_target, sell


def all_histories(database: Database) -> list[History]:
    with database.read() as connection:
        return list(histories(connection))


def test_a_database_without_orders_has_no_history(database: Database) -> None:
    assert all_histories(database) == []


def test_orders_are_returned_by_target_and_completion(database: Database) -> None:
    older, younger = an_order("2", completed_at=NOW - 9 * DAY), an_order("1", completed_at=NOW - 8 * DAY)
    other = an_order("3", target=a_post())
    sell(database, younger, older, other)
    found = {history.target: history.orders for history in all_histories(database)}
    assert found == {older.target: [older, younger], other.target: [other]}


def test_the_history_of_an_order_has_drop_decision_and_refill(database: Database) -> None:
    """Its drop, the decision on it, and the refill that was delivered."""
    sell(database, an_order("1"), an_order("2", target=a_post()))
    with database.write() as connection:
        bring_to(connection, "1", RefillState.COMPLETED)
    mine, other = sorted(all_histories(database), key=lambda history: history.orders[0].order_id)
    assert mine.drops == [PastDrop("1", DropState.REFILLED, NOW, NOW)]
    assert mine.refills == [PastRefill("1", 300, RefillState.COMPLETED, NOW, NOW, None, None)]
    assert [(d.order_id, d.at, d.action, d.quantity) for d in mine.decisions] == [
        ("1", NOW, Action.REFILL, 300)
    ]
    assert (other.drops, other.refills, other.decisions) == ([], [], [])


@pytest.mark.parametrize("state", [RefillState.CANCELLED, RefillState.REJECTED, RefillState.DEAD])
def test_an_undelivered_refill_has_an_end(database: Database, state: RefillState) -> None:
    sell(database, an_order("1"))
    with database.write() as connection:
        bring_to(connection, "1", state)
    (history,) = all_histories(database)
    assert [(refill.state, refill.ended_at) for refill in history.refills] == [(state, NOW)]


@pytest.mark.parametrize("state", [RefillState.QUEUED, RefillState.CLAIMED, RefillState.HELD])
def test_an_open_refill_has_no_end(database: Database, state: RefillState) -> None:
    sell(database, an_order("1"))
    with database.write() as connection:
        bring_to(connection, "1", state)
    (history,) = all_histories(database)
    assert [(refill.state, refill.ended_at) for refill in history.refills] == [(state, None)]


def next_after(database: Database, now: datetime) -> datetime | None:
    with database.read() as connection:
        return due.next_after(connection, "graph", now)


def test_the_next_due_time_is_the_first_after_now_of_any_priority(database: Database) -> None:
    """Overdue targets and other sources do not count."""
    with database.write() as connection:
        put_target(connection, "overdue", NOW - HOUR, Priority.ROUTINE, source="graph")
        put_target(connection, "later", NOW + 3 * HOUR, Priority.URGENT, source="graph")
        put_target(connection, "sooner", NOW + 2 * HOUR, Priority.MAX_INTERVAL, source="graph")
        put_target(connection, "elsewhere", NOW + HOUR, Priority.ROUTINE, source="other")
    assert next_after(database, NOW) == NOW + 2 * HOUR
    assert next_after(database, NOW + 2 * HOUR) == NOW + 3 * HOUR
    assert next_after(database, NOW + 3 * HOUR) is None


def test_not_before_counts_for_targets_in_the_virtual_queue_only(database: Database) -> None:
    with database.write() as connection:
        put_target(
            connection,
            "waits",
            None,
            Priority.MAX_INTERVAL,
            source="graph",
            virtual_due=1.0,
            not_before=NOW + HOUR,
        )
        put_target(
            connection, "not_queued", None, Priority.MAX_INTERVAL, source="graph", not_before=NOW + HOUR / 2
        )
    assert next_after(database, NOW) == NOW + HOUR
