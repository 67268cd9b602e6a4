"""Search from one box: exact names and their beginnings, bounded, whatever is typed."""

from dataclasses import replace

import pytest

from storage import leases, search
from storage.engine import Database
from storage.search import FoundBy
from tests import lease_calls
from tests.builders import HOUR, NOW, a_post, an_order
from tests.storage.shop import owe, sell, statements_of


@pytest.fixture
def shop(database: Database) -> Database:
    """Three orders, of which one has a completed refill."""
    sell(
        database,
        replace(an_order("A-17", "nasa"), customer="Ann Lee"),
        replace(an_order("A-18", "nasa_2"), customer="ann lee"),
        replace(an_order("B_%", target=a_post("Cabc123")), customer="50%"),
    )
    with database.write() as tx:
        refill_id = owe(tx, "A-17")
        (row,) = leases.claim(tx, NOW, limit=1, lease=HOUR)
        lease_calls.complete(tx, refill_id, row.lease_token, NOW, external_id="ext-5")
    return database


FOUND: dict[str, tuple[set[str], list[str]]] = {
    "A-17": ({"A-17"}, []),
    "A-": ({"A-17", "A-18"}, []),
    "  nasa ": ({"A-17", "A-18"}, []),
    "@NASA_2": ({"A-18"}, []),
    "https://instagram.com/nasa/?igsh=x": ({"A-17"}, []),
    "https://www.instagram.com/p/Cabc123/": ({"B_%"}, []),
    "Cabc": ({"B_%"}, []),
    "B_": ({"B_%"}, []),
    "Ann": (set(), ["Ann Lee"]),
    "ann": (set(), ["ann lee"]),
    "5": (set(), ["50%"]),
    "%": (set(), []),
    "_": (set(), []),
}


@pytest.mark.parametrize("text", FOUND)
def test_orders_and_customers_are_found_by_name_or_its_beginning(shop: Database, text: str) -> None:
    """Signs that a pattern would understand mean themselves."""
    with shop.read() as tx:
        found = search.search(tx, text)
    assert ({one.order_id for one in found.orders}, [*found.customers]) == FOUND[text]


def test_an_exact_name_comes_before_longer_ones(database: Database) -> None:
    """Whatever the order ids are."""
    sell(database, an_order("A-1", "shop.user128"), an_order("Z-9", "shop.user1"))
    with database.read() as tx:
        found = search.search(tx, "shop.user1").orders
    assert [one.order_id for one in found] == ["Z-9", "A-1"]


def test_refills_are_found_by_both_of_their_ids(shop: Database) -> None:
    with shop.read() as tx:
        (by_external,) = search.search(tx, "ext-").refills
        (by_id,) = search.search(tx, str(by_external.refill_id)).refills
    assert (by_external.found_by, by_id.found_by) == (FoundBy.EXTERNAL_ID, FoundBy.REFILL_ID)
    assert by_external.order_id == by_id.order_id == "A-17"


def test_an_exact_match_comes_first_and_each_order_once(shop: Database) -> None:
    sell(shop, an_order("A-1", "zoo"))
    with shop.read() as tx:
        found = search.search(tx, "A-1")
    assert [one.order_id for one in found.orders] == ["A-1", "A-17", "A-18"]


def test_what_is_found_is_bounded_and_said_to_be_more(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 1)
    with shop.read() as tx:
        found = search.search(tx, "A-")
        assert len(statements_of(tx, lambda: search.search(tx, "nasa"))) <= 20
    assert (len(found.orders), found.more) == (1, True)


@pytest.mark.parametrize(
    "text", ["", "   ", "a\x00b", "\ud800", "x" * 5000, "9" * 40, "'; DROP TABLE orders; --", "\u202e", "٣"]
)
def test_hostile_text_finds_nothing(shop: Database, text: str) -> None:
    with shop.read() as tx:
        assert search.search(tx, text).empty
