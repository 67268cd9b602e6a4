"""Guarantees that run: the units of each provider, and those that end on the next days."""

from itertools import product

from monitor.model.drop import DropState
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.terms import RefillMode
from storage import drops, flags, guarantees
from storage.engine import Database
from storage.guarantees import EndingDay, GuaranteedUnits
from tests.builders import DAY, HOUR, INSTANT, NOW, START, a_claim, a_drop, an_order
from tests.storage.shop import owe, sell

MIDNIGHT = NOW.replace(hour=0)
UNTIL = MIDNIGHT + 7 * DAY


def ending(database: Database) -> list[EndingDay]:
    with database.read() as connection:
        return guarantees.ending(connection, guarantees.terms_in_use(connection), NOW, UNTIL)


def guaranteed(database: Database) -> dict[str | None, int]:
    with database.read() as connection:
        found = guarantees.guaranteed_units(connection, guarantees.terms_in_use(connection), NOW)
    assert all(isinstance(row, GuaranteedUnits) for row in found)
    return {row.provider: row.units for row in found}


def ends(order_id: str, window: object, **changes: object) -> Order:
    """An order that was completed at START, ten days ago, with a guarantee of this length."""
    return an_order(order_id, f"user{order_id}", **{"window": window, "completed_at": START, **changes})


def test_guarantees_that_end_soon_are_counted_by_day(database: Database) -> None:
    """From now to the end of the last day; the instant itself is over already."""
    sell(
        database,
        ends("1", NOW - START),  # ends now
        ends("2", NOW - START + INSTANT),
        ends("3", NOW - START + 11 * HOUR),
        ends("4", NOW - START + 12 * HOUR),  # midnight begins the next day
        ends("5", UNTIL - START - INSTANT),
        ends("6", UNTIL - START),
        ends("7", None),
    )
    assert ending(database) == [
        EndingDay(MIDNIGHT, 2, 0),
        EndingDay(MIDNIGHT + DAY, 1, 0),
        EndingDay(MIDNIGHT + 6 * DAY, 1, 0),
    ]


def test_open_refills_and_undecided_drops_are_units_that_are_open(database: Database) -> None:
    """A refused drop is decided."""
    sell(database, *(ends(str(i), 12 * DAY) for i in range(1, 5)))
    with database.write() as connection:
        owe(connection, "1")  # 300 units
        for order_id, state, units in (
            ("2", DropState.SUSPECTED, 70),
            ("3", DropState.WAITING, 5),
            ("4", DropState.REFUSED, 1000),
        ):
            drops.save(connection, a_drop(order_id, state), a_claim(order_id, units), count=1)
    assert ending(database) == [EndingDay(MIDNIGHT + 2 * DAY, 4, 375)]


def test_only_delivered_units_of_running_guarantees_are_guaranteed(database: Database) -> None:
    """By terms, status, flags and time."""
    partial = {"status": OrderStatus.PARTIAL, "quantity": 1000}
    sell(
        database,
        ends("1", 30 * DAY, provider="acme"),
        ends("2", None, provider="acme", remains=400),
        ends("3", 30 * DAY, provider="acme", remains=900, **partial),
        ends("4", 30 * DAY, provider="acme", remains=900, partial_orders=False, **partial),
        ends("5", 30 * DAY, provider="acme", remains=1000, **partial),
        ends("6", 30 * DAY, provider="acme", refill=RefillMode.NEVER),
        ends("7", 9 * DAY, provider="acme"),
        ends("8", 30 * DAY, provider="acme"),
        ends("9", 30 * DAY, provider=None),
        an_order("10", status=OrderStatus.PENDING, completed_at=None, provider="acme"),
    )
    with database.write() as connection:
        flags.set_flag(connection, "8", Flag.HOLD, NOW)
    assert guaranteed(database) == {"acme": 1000 + 600 + 100, None: 1000}


def test_the_queries_and_the_rule_agree_which_orders_have_a_guarantee(database: Database) -> None:
    """`Order.guaranteed`, for every status, number of remaining units, and terms."""
    cases = product(OrderStatus, (0, 400, 1000), (True, False), RefillMode)
    sold = [
        ends(
            str(i), 12 * DAY, provider=str(i), status=status, quantity=1000, remains=remains,
            completed_at=START if status.delivered else None, partial_orders=partial_orders, refill=refill,
        )
        for i, (status, remains, partial_orders, refill) in enumerate(cases)
    ]  # fmt: skip
    sell(database, *sold)
    expected = {order.order_id: order.delivered for order in sold if order.guaranteed}
    assert guaranteed(database) == expected
    assert ending(database) == [EndingDay(MIDNIGHT + 2 * DAY, len(expected), 0)]


def test_without_orders_nothing_is_guaranteed(database: Database) -> None:
    assert (guaranteed(database), ending(database)) == ({}, [])
