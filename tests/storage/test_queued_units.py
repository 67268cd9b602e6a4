"""Queued units: what is used of a day stays used, whatever becomes of refills and orders."""

from dataclasses import replace
from decimal import Decimal

from monitor.guarantee.daily_caps import SHOP, Amounts, CapScope, DayUsage, ScopeKind
from monitor.model.refill import RefillState
from storage import leases, operator_actions, queued_units
from storage.engine import Database
from tests import lease_calls
from tests.builders import DAY, HOUR, NOW, an_order
from tests.storage.shop import ATTEMPTS, bring_to, sell

SOLD = an_order("1", provider="north", price=Decimal(2), currency="USD")


def usage(database: Database, day: int = 0) -> DayUsage:
    with database.read() as connection:
        return queued_units.usage(connection, (NOW + day * DAY).date())


def queue(database: Database) -> int:
    sell(database, SOLD)
    with database.write() as connection:
        return bring_to(connection, "1", RefillState.QUEUED)


def test_an_order_that_is_imported_again_frees_nothing(database: Database) -> None:
    """What was queued keeps the provider, the service and the price of that time."""
    queue(database)
    before = usage(database)
    assert before[CapScope(ScopeKind.PROVIDER, "north")] == before[SHOP]
    assert before[SHOP].price
    sell(database, replace(SOLD, provider="south", price=Decimal(1), currency="EUR"))
    assert usage(database) == before


def test_a_refill_that_is_queued_again_counts_once(database: Database) -> None:
    """With the units and on the day of its first time, also if less is missing by then."""
    refill_id = queue(database)
    before = usage(database)
    with database.write() as connection:
        (claimed,) = leases.claim(connection, NOW, limit=1, lease=HOUR)
        lease_calls.fail(
            connection, refill_id, claimed.lease_token, NOW, leases.Failure("no", retryable=False), ATTEMPTS
        )
        connection.exec_driver_sql("UPDATE refills SET quantity = quantity - 1")
        operator_actions.act(connection, refill_id, "requeue", NOW + DAY)
    assert usage(database) == before
    assert usage(database, 1) == {}


def test_a_held_refill_uses_nothing(database: Database) -> None:
    sell(database, SOLD)
    with database.write() as connection:
        bring_to(connection, "1", RefillState.HELD)
    assert usage(database).get(SHOP, Amounts()) == Amounts()
