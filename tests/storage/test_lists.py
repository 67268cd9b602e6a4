"""Lists: filters, pages that stay stable under writes, counts that are capped, and a bounded search."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import decision_list, drop_list, flags, known_values, order_list, refill_list, sold_filter, walks
from storage.decision_list import DecisionFilter
from storage.drop_list import DropFilter
from storage.engine import Database, Transaction
from storage.order_list import OrderFilter
from storage.pages import Cursor, Page, PageRequest, parse_cursor
from storage.refill_selection import RefillFilter
from tests.builders import DAY, HOUR, NOW, a_pending_order, an_order
from tests.pages import rows_of_list
from tests.storage.shop import bring_to, owe, sell, statements_of

Read = Callable[[Transaction, PageRequest], Page[Any]]


def orders_page(tx: Transaction, request: PageRequest) -> Page[Any]:
    return order_list.page(tx, OrderFilter(), request)


def ids(page: Page[Any]) -> list[str]:
    return [row.order_id for row in page.rows]


def seven_orders(database: Database) -> None:
    """Three pairs of the same completion, and one that is not delivered."""
    for i in range(6):
        sell(database, an_order(f"{i}", f"user{i}", completed_at=NOW - i // 2 * DAY))
    sell(database, a_pending_order("waits"))


def test_pages_follow_each_other_and_lead_back(database: Database) -> None:
    """Newest first, those of the same time by their key; every row once in each direction."""
    seven_orders(database)
    with database.read() as tx:
        first = orders_page(tx, PageRequest(3))
        second = orders_page(tx, PageRequest(3, first.next))
        third = orders_page(tx, PageRequest(3, second.next))
        back = orders_page(tx, PageRequest(3, third.previous))
        front = orders_page(tx, PageRequest(3, back.previous))
    assert [ids(first), ids(second), ids(third)] == [["1", "0", "3"], ["2", "5", "4"], ["waits"]]
    assert (first.previous, third.next) == (None, None)
    assert (ids(back), ids(front), front.previous) == (ids(second), ids(first), None)


def test_the_oldest_come_first_if_that_is_wanted(database: Database) -> None:
    seven_orders(database)
    with database.read() as tx:
        first = orders_page(tx, PageRequest(4, oldest_first=True))
        second = orders_page(tx, PageRequest(4, first.next, oldest_first=True))
        back = orders_page(tx, PageRequest(4, second.previous, oldest_first=True))
    assert ids(first) + ids(second) == ["waits", "4", "5", "2", "3", "0", "1"]
    assert back.rows == first.rows


def test_rows_that_come_and_go_move_no_page(database: Database) -> None:
    """A page begins behind the row that the last one ended with, even if that has changed."""
    seven_orders(database)
    with database.read() as tx:
        first = orders_page(tx, PageRequest(3))
    sell(database, an_order("newest", "zoo", completed_at=NOW + HOUR))
    with database.read() as tx:
        assert ids(orders_page(tx, PageRequest(3, first.next))) == ["2", "5", "4"]


def test_a_cursor_survives_its_text_and_nothing_else_is_one() -> None:
    for cursor in (Cursor(NOW, 7), Cursor(None, 7, before=True), Cursor(NOW, "a.b.c")):
        assert parse_cursor(str(cursor), number=isinstance(cursor.key, int)) == cursor
    for wrong in ("", "a", "a..", "c.1.1", "a.x.1", f"a.{10**18}.1", "a.1.\x00", "a..99999999999999999999"):
        assert parse_cursor(wrong, number=True) is None


def test_an_order_is_listed_with_all_that_is_open_on_it(database: Database) -> None:
    """Five statements, however many orders."""
    seven_orders(database)
    with database.write() as tx:
        bring_to(tx, "1", RefillState.HELD)
        flags.set_flag(tx, "5", Flag.DISPUTE, NOW)
        statements = statements_of(tx, lambda: orders_page(tx, PageRequest()))
        rows = {row.order_id: row for row in orders_page(tx, PageRequest()).rows}
    assert (rows["1"].refill_state, rows["1"].flags) == (RefillState.HELD, ())
    assert (rows["5"].flags, rows["5"].drop_state) == ((Flag.DISPUTE,), None)
    assert len(statements) == 4


FILTERS: dict[str, tuple[OrderFilter, list[str]]] = {
    "link": (OrderFilter(link="https://www.instagram.com/user3/"), ["3"]),
    "service": (OrderFilter(service="other"), ["6"]),
    "provider": (OrderFilter(provider="north"), ["6"]),
    "customer and service": (OrderFilter(customer="ann", service="followers"), ["7"]),
    "metric": (OrderFilter(metric=Metric.LIKES), []),
    "flag": (OrderFilter(flag=Flag.HOLD), ["2"]),
    "drop state": (OrderFilter(drop_state=DropState.WAITING), []),
    "since": (OrderFilter(since=NOW - DAY), ["1", "0", "3", "2"]),
    "before": (OrderFilter(before=NOW - DAY), ["5", "4", "7", "6"]),
    "order": (OrderFilter(order_id="4"), ["4"]),
}


@pytest.mark.parametrize("name", FILTERS)
def test_orders_are_filtered(database: Database, name: str) -> None:
    """And counted."""
    seven_orders(database)
    sold = an_order("6", "zoo", service="other", provider="north", completed_at=NOW - 9 * DAY)
    sell(
        database,
        replace(sold, customer="ann"),
        replace(sold, order_id="7", service="followers", provider=None, customer="ann"),
    )
    with database.write() as tx:
        flags.set_flag(tx, "2", Flag.HOLD, NOW)
        wanted, expected = FILTERS[name]
        found = [row.order_id for row in rows_of_list(order_list.page, tx, wanted)]
        number = order_list.counted(tx, wanted)
    assert found == expected
    assert (number.number, number.exact) == (len(expected), True)


@pytest.mark.parametrize("few", [0, 2000])
def test_what_belongs_to_orders_is_filtered_by_what_was_sold(
    database: Database, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows whether the orders are looked up first, or each row is checked."""
    monkeypatch.setattr(sold_filter, "FEW", few)
    sell(database, an_order("1"), an_order("2", "zoo", service="other", provider="north"))
    with database.write() as tx:
        one, two = owe(tx, "1"), owe(tx, "2", at=NOW + HOUR)
        for wanted, expected in (
            ({}, ["2", "1"]),
            ({"service": "other"}, ["2"]),
            ({"provider": "north", "metric": Metric.LIKES}, []),
            ({"link": "https://www.instagram.com/zoo/"}, ["2"]),
            ({"order_id": "1"}, ["1"]),
            ({"reason": Reason.MASS_DROP}, []),
            ({"since": NOW + HOUR}, ["2"]),
        ):
            refills = rows_of_list(refill_list.page, tx, RefillFilter(**wanted))
            decisions = rows_of_list(decision_list.page, tx, DecisionFilter(**wanted))
            assert [row.order_id for row in refills] == [row.order_id for row in decisions] == expected
        drops = rows_of_list(drop_list.page, tx, DropFilter(provider="north"))
        assert [(row.order_id, row.service) for row in drops] == [("2", "other")]
        for state, expected_ids in ((RefillState.QUEUED, [two, one]), (RefillState.COMPLETED, [])):
            found = rows_of_list(refill_list.page, tx, RefillFilter(state=state))
            assert [row.refill_id for row in found] == expected_ids


def test_a_page_looks_at_a_bounded_number_of_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is shorter, and the next one goes on where it ended; nothing is left out."""
    monkeypatch.setattr(walks, "WINDOW", 2)
    seven_orders(database)
    with database.write() as tx:
        flags.set_flag(tx, "4", Flag.HOLD, NOW)
        wanted = OrderFilter(service="followers", flag=Flag.HOLD)
        monkeypatch.setattr(order_list, "FEW", 0)
        first = order_list.page(tx, wanted, PageRequest(5))
        found = rows_of_list(order_list.page, tx, wanted)
        number = order_list.counted(tx, wanted)
    assert (first.rows, first.next is None) == ((), False)
    assert [row.order_id for row in found] == ["4"]
    assert (number.number, number.exact) == (0, False)


def test_many_rows_are_counted_to_a_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "COUNTED", 3)
    seven_orders(database)
    with database.read() as tx:
        assert str(order_list.counted(tx, OrderFilter())) == "3+"
        assert str(order_list.counted(tx, OrderFilter(since=NOW - DAY))) == "3+"
        assert str(order_list.counted(tx, OrderFilter(since=NOW))) == "2"


def test_known_services_and_providers_are_listed_once_to_a_limit(database: Database) -> None:
    sell(database, an_order("1"), an_order("2", "b", service="z", provider="north"), an_order("3", "c"))
    with database.read() as tx:
        assert known_values.services(tx) == ["followers", "z"]
        assert known_values.services(tx, 1) == ["followers"]
        assert known_values.providers(tx) == ["north"]
