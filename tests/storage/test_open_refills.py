"""Sums of the open refills."""

from monitor.model.decision import Action
from monitor.model.refill import RefillState
from storage import open_refills
from storage.engine import Database
from storage.open_refills import OpenRefillSums
from tests.builders import HOUR, NOW, an_order
from tests.storage.shop import bring_to, owe, sell


def test_each_open_state_has_its_units_and_its_oldest_refill(database: Database) -> None:
    """Finished refills are left out."""
    sell(database, *(an_order(str(i), f"user{i}") for i in range(1, 9)))
    with database.write() as connection:
        bring_to(connection, "4", RefillState.CLAIMED, NOW)
        finished = (RefillState.COMPLETED, RefillState.DEAD, RefillState.REJECTED, RefillState.CANCELLED)
        for order_id, state in enumerate(finished, start=5):
            bring_to(connection, str(order_id), state, NOW - 9 * HOUR)
        owe(connection, "1", Action.HOLD, at=NOW - 3 * HOUR, quantity=5)
        owe(connection, "2", Action.HOLD, at=NOW - HOUR, quantity=7)
        owe(connection, "3", at=NOW - 2 * HOUR, quantity=11)
        found = {sums.state: sums for sums in open_refills.open_refill_sums(connection)}
    assert found.keys() == {RefillState.HELD, RefillState.QUEUED, RefillState.CLAIMED}
    assert found[RefillState.HELD] == OpenRefillSums(RefillState.HELD, 2, 12, NOW - 3 * HOUR)
    assert found[RefillState.QUEUED] == OpenRefillSums(RefillState.QUEUED, 1, 11, NOW - 2 * HOUR)
    assert (found[RefillState.CLAIMED].refills, found[RefillState.CLAIMED].since) == (1, NOW)


def test_without_refills_the_sums_are_zero(database: Database) -> None:
    with database.read() as connection:
        found = open_refills.open_refill_sums(connection)
    assert [(sums.refills, sums.units, sums.since) for sums in found] == [(0, 0, None)] * 3
