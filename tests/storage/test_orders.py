"""Orders: rows that an import adds, updates, leaves unchanged or refuses."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.model.order import Order, OrderStatus
from monitor.model.terms import BelowStart, RefillMode, Terms, TermsOrigin
from storage import order_list, orders
from storage.engine import Database
from storage.errors import NotFoundError
from storage.order_list import OrderFilter
from storage.orders import ImportResult
from tests.builders import DAY, INSTANT, NOW, a_pending_order, a_post, a_profile, an_order
from tests.pages import rows_of_list
from tests.storage.order_rows import LATER, stored
from tests.storage.shop import everything, rows_of, sell

# Round trip


def test_every_field_of_an_order_survives_the_round_trip(database: Database) -> None:
    """Terms, every digit of a price, and a time to the microsecond."""
    terms = Terms(
        name="gold", window=timedelta(days=90), settle=timedelta(hours=1), min_drop_percent=7,
        min_drop_units=3, confirmations=4, confirm_after=timedelta(minutes=30), cooldown=timedelta(hours=5),
        max_refills=9, max_refill_percent=333, below_start=BelowStart.CAP, partial_orders=False,
        refill=RefillMode.ON_REQUEST,
    )  # fmt: skip
    order = Order(
        order_id="A-17/ü", service="likes", target=a_post(owner="nasa"), quantity=10**9,
        status=OrderStatus.PARTIAL, terms=terms, remains=3, completed_at=NOW + INSTANT, start_count=10**12,
        start_measured=True, link_typed="instagram.com/p/C0deAAAAAAA?igsh=x", provider="wholesaler",
        customer="Zoë 'Q' \"R\"", price=Decimal("123456789012.123456"), currency="EUR",
        terms_from=TermsOrigin.NAME, created_at=NOW - DAY, base_lowered=4, base_at=NOW, counted_at=NOW + DAY,
        start_corrected=True, language="de",
    )  # fmt: skip
    plain = Order("plain", "followers", a_profile(), 1, OrderStatus.PENDING, Terms())
    assert [f.name for f in fields(Order) if getattr(order, f.name) == getattr(plain, f.name)] == []
    assert [f.name for f in fields(Terms) if getattr(order.terms, f.name) == getattr(Terms(), f.name)] == []
    sell(database, order)
    assert stored(database, "A-17/ü") == order


def test_an_order_without_any_optional_field_survives_the_round_trip(database: Database) -> None:
    """None stays None; it does not become 0 or an empty text."""
    order = Order("plain", "likes", a_profile(), 1, OrderStatus.PENDING, Terms())
    sell(database, order)
    assert stored(database, "plain") == order


def test_a_lifetime_window_survives_the_round_trip(database: Database) -> None:
    """A window of None stays None."""
    order = an_order(terms=Terms(window=None))
    sell(database, order)
    assert stored(database).terms.window is None


@pytest.mark.parametrize("price", ["0", "0.10", "1.500000", "0.1", "999999999999.999999"])
def test_a_price_comes_back_with_all_its_digits(database: Database, price: str) -> None:
    """Prices are exact, including trailing zeros."""
    sell(database, an_order(price=Decimal(price)))
    assert str(stored(database).price) == price


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_can_be_stored(database: Database, status: OrderStatus) -> None:
    """The CHECK of the table contains all of them."""
    order = an_order(status=status, completed_at=NOW if status.delivered else None)
    sell(database, order)
    assert stored(database) == order


def test_an_unknown_order_is_not_found(database: Database) -> None:
    """The error names the order."""
    with pytest.raises(NotFoundError, match="there is no order 404"), database.read() as connection:
        orders.get(connection, "404")


# Import results


def test_results_are_returned_in_the_order_of_the_rows(database: Database) -> None:
    """For added, updated, unchanged and refused rows."""
    sell(database, an_order("same"), a_pending_order("moves"), an_order("sold"))
    answer = sell(
        database, an_order("new"), an_order("same"), an_order("moves"), an_order("sold", quantity=2)
    )
    expected = [
        ("new", ImportResult.ADDED), ("same", ImportResult.UNCHANGED),
        ("moves", ImportResult.UPDATED), ("sold", ImportResult.REFUSED),
    ]  # fmt: skip
    assert expected == [(row.order_id, row.result) for row in answer]


def test_an_empty_batch_changes_nothing(database: Database) -> None:
    """And raises no error."""
    before = everything(database)
    assert sell(database) == []
    assert everything(database) == before


def test_an_unchanged_row_writes_nothing(database: Database) -> None:
    """No table changes, not even the times of update."""
    order = an_order(price=Decimal("1.50"))
    sell(database, order)
    before = everything(database)
    sell(database, replace(order, price=Decimal("1.5")), now=LATER)
    assert everything(database) == before


def test_a_refused_row_does_not_affect_the_others(database: Database) -> None:
    """An invalid row has its error; valid rows are imported."""
    sell(database, an_order("1"))
    answer = sell(database, an_order("1", quantity=5, customer="x"), an_order("2"))
    assert [row.result for row in answer] == [ImportResult.REFUSED, ImportResult.ADDED]
    assert str(answer[0].error) == "quantity: the order was sold with quantity 1000"
    assert stored(database, "1") == an_order("1")


def test_a_refused_row_creates_no_target(database: Database) -> None:
    """A link that was refused is not looked at."""
    sell(database, an_order("1"))
    sell(database, an_order("1", target=a_profile("elsewhere")))
    assert [row.key for row in rows_of(database, "targets")] == ["natgeo"]


def test_a_large_batch_is_imported_at_once(database: Database) -> None:
    """As many rows as one HTTP request may carry, each on its own target."""
    batch = [an_order(str(i), target=a_profile(f"user{i}")) for i in range(1000)]
    assert {row.result for row in sell(database, *batch)} == {ImportResult.ADDED}
    assert {row.result for row in sell(database, *batch)} == {ImportResult.UNCHANGED}
    assert len(rows_of(database, "targets")) == 1000


def test_an_import_stores_imported_at_and_updated_at(database: Database) -> None:
    """The time of import stays; the time of update follows the newest change."""
    sell(database, a_pending_order(), now=NOW)
    sell(database, an_order(), now=LATER)
    (row,) = rows_of(database, "orders")
    assert (row.imported_at, row.updated_at) == (NOW, LATER)


# The same order twice in one batch


def test_two_rows_of_one_order_in_a_batch_are_one_order(database: Database) -> None:
    """The second row updates what the first one added."""
    answer = sell(database, a_pending_order(), an_order())
    assert [row.result for row in answer] == [ImportResult.ADDED, ImportResult.UPDATED]
    assert stored(database) == an_order()


def test_the_same_row_twice_in_a_batch_is_added_once(database: Database) -> None:
    """The second one is unchanged."""
    assert [row.result for row in sell(database, an_order(), an_order())] == [
        ImportResult.ADDED,
        ImportResult.UNCHANGED,
    ]
    assert len(rows_of(database, "orders")) == 1


def test_a_second_row_that_contradicts_the_first_is_refused(database: Database) -> None:
    """The same rules apply within a batch as between batches."""
    answer = sell(database, an_order(), an_order(quantity=7))
    assert [row.result for row in answer] == [ImportResult.ADDED, ImportResult.REFUSED]
    assert stored(database) == an_order()


def test_three_rows_of_a_known_order_are_applied_in_turn(database: Database) -> None:
    """Each row updates the result of the row before."""
    sell(database, a_pending_order())
    answer = sell(
        database,
        a_pending_order(status=OrderStatus.IN_PROGRESS),
        an_order(),
        a_pending_order(),
    )
    assert [row.result for row in answer] == [
        ImportResult.UPDATED,
        ImportResult.UPDATED,
        ImportResult.REFUSED,
    ]
    assert stored(database) == an_order()


# Listing


def test_orders_are_listed_by_status_and_by_link_newest_completion_first(database: Database) -> None:
    """Both filters and the limit hold."""
    sell(
        database,
        an_order("old", completed_at=NOW - 9 * DAY),
        an_order("new", completed_at=NOW - DAY),
        an_order("other", target=a_profile("zoo")),
        a_pending_order("waits"),
    )

    def listed(status: OrderStatus | None, link: str | None, limit: int) -> list[str]:
        with database.read() as connection:
            wanted = OrderFilter(status=status, link=link)
            found = rows_of_list(order_list.page, connection, wanted, limit)
            return [row.order_id for row in found]

    link = a_profile().link.url
    assert listed(OrderStatus.COMPLETED, None, 100) == ["new", "old", "other"]
    assert listed(OrderStatus.COMPLETED, link, 100) == ["new", "old"]
    assert listed(OrderStatus.PENDING, None, 100) == ["waits"]
    assert listed(OrderStatus.COMPLETED, None, 1) == ["new"]
    assert listed(None, None, 100) == ["new", "old", "other", "waits"]


# Constraints


BAD_ROWS = [
    ({"quantity": 0}, "ck_orders_quantity_positive"),
    ({"remains": -1}, "ck_orders_remains_within_quantity"),
    ({"remains": 1001}, "ck_orders_remains_within_quantity"),
    ({"start_count": -1}, "ck_orders_start_count_not_negative"),
    ({"completed_at": None}, "ck_orders_delivered_has_a_time"),
    ({"status": OrderStatus.PENDING}, "ck_orders_delivered_has_a_time"),
]


@pytest.mark.parametrize(("change", "constraint"), BAD_ROWS)
def test_the_database_refuses_an_impossible_order(
    database: Database, change: dict[str, Any], constraint: str
) -> None:
    """A named constraint refuses it."""
    with pytest.raises(IntegrityError, match=constraint):
        sell(database, an_order(**change))
    assert rows_of(database, "orders") == []
