"""The search: one exact hit opens the order, everything else is listed by kind."""

from urllib.parse import urlencode

import pytest
from markupsafe import escape

from monitor.model.role import Role
from storage import leases
from tests import lease_calls
from tests.builders import HOUR, NOW, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements
from tests.storage.shop import owe, sell

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def shop(desk: DeskWorld) -> DeskWorld:
    """With two orders of Ann, on two profiles; the second one has a delivered refill."""
    sell(desk.database, an_order("a/1", customer="Ann"), an_order("a/2", "nasa", customer="Ann"))
    with desk.database.write() as tx:
        owe(tx, "a/2")
        (claimed,) = leases.claim(tx, NOW, limit=1, lease=HOUR, consumer="panel")
        lease_calls.complete(tx, claimed.refill_id, claimed.lease_token, NOW, external_id="ext-9")
    return desk


@pytest.mark.parametrize(
    "text", ["a/2", " a/2 ", "@nasa", "NASA", "https://instagram.com/nasa/?igsh=x", "1", "ext-9"]
)
def test_one_exact_hit_opens_the_order(shop: DeskWorld, text: str) -> None:
    answer = shop.browser(Role.VIEWER).get(f"/search?{urlencode({'q': text})}")
    assert (answer.status_code, answer.location) == (303, "/orders/a/2")


def test_other_hits_are_listed_by_kind(shop: DeskWorld) -> None:
    browser = shop.browser(Role.VIEWER)
    orders = browser.get("/search?q=a").text
    assert '<a href="/orders/a/1">' in orders
    assert '<a href="/orders/a/2">' in orders
    assert '<a href="/orders?customer=Ann">' in browser.get("/search?q=Ann").text
    refills = browser.get("/search?q=ext").text
    assert "<h2>Refills</h2>" in refills
    assert "<bdi>ext-9</bdi>" in refills
    assert "completed</span>" in refills


def test_a_text_that_names_two_orders_opens_neither(shop: DeskWorld) -> None:
    sell(shop.database, an_order("1", "esa"))
    page = shop.browser(Role.VIEWER).get("/search?q=1").text
    assert '<a href="/orders/1">' in page
    assert '<a href="/orders/a/2">' in page


def test_the_box_is_on_every_page_and_keeps_the_text(shop: DeskWorld) -> None:
    browser = shop.browser(Role.VIEWER)
    assert 'action="/search"' in browser.get("/account").text
    page = browser.get(f"/search?{urlencode({'q': MARKUP})}").text
    assert f'value="{escape(MARKUP)}"' in page
    assert f"Nothing begins with <bdi>{escape(MARKUP)}</bdi>." in page


@pytest.mark.parametrize("text", ["", " ", "\0", "x" * 5000, "%", "\N{RIGHT-TO-LEFT OVERRIDE}", "/" * 40])
def test_any_text_can_be_searched(shop: DeskWorld, text: str) -> None:
    assert shop.browser(Role.VIEWER).get(f"/search?{urlencode({'q': text})}").status_code == 200


def test_a_search_needs_few_statements(shop: DeskWorld) -> None:
    sell(shop.database, *(an_order(f"n{i}", f"n{i}", customer=f"n{i}") for i in range(30)))
    browser = shop.browser(Role.VIEWER)
    with statements() as sent:
        page = browser.get("/search?q=n").text
    assert "There are more hits" in page
    assert len(sent) <= 30
