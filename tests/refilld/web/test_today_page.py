"""The page of today: the report, what needs a decision first, and links to what is counted."""

import html
from datetime import timedelta

import pytest

from monitor.model.decision import Action
from monitor.model.role import Role
from storage import operator_actions, requests
from tests.builders import HOUR, NOW, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.storage.shop import owe, sell

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def held(desk: DeskWorld) -> DeskWorld:
    """With one held refill of 300 units, of an order whose buyer waits."""
    desk.now = NOW
    sell(desk.database, an_order("a/1", provider=MARKUP, customer="Ann"))
    with desk.database.write() as tx:
        owe(tx, "a/1", action=Action.HOLD, at=NOW - HOUR)
        requests.ask(tx, "a/1", NOW - 3 * HOUR)
    return desk


def test_what_needs_a_decision_comes_first(held: DeskWorld) -> None:
    page = held.browser(Role.VIEWER).get("/").text
    first, numbers = (
        page.index("held until you decide (count below the start count)"),
        page.index('class="tiles"'),
    )
    assert first < numbers
    assert "<b>300</b>units held" in page
    assert "3h ago" in page
    assert '<a href="/orders/a/1"><bdi>a/1</bdi></a>' in page


def test_a_number_leads_to_the_list_that_it_counts(held: DeskWorld) -> None:
    page = held.browser().get("/").text
    assert '<a href="/queue?state=held"><b>300</b>units held</a>' in page
    assert '<a href="/queue?state=held&amp;reason=below_start_count">' in page


def test_the_report_is_shared_for_some_seconds(held: DeskWorld) -> None:
    browser = held.browser()
    browser.get("/")
    with held.database.write() as tx:
        operator_actions.act(tx, 1, "reject", NOW)
    assert "<b>300</b>units held" in browser.get("/").text
    held.now = NOW + timedelta(seconds=20)
    assert "<b>0</b>units held" in browser.get("/").text


def test_the_page_reads_itself_anew_and_keeps_its_period(held: DeskWorld) -> None:
    browser = held.browser()
    assert 'hx-get="/" hx-select="#today"' in browser.get("/").text
    page = browser.get("/?period=7d").text
    assert 'hx-get="/?period=7d"' in page
    assert 'data-every="30"' in page
    assert 'hx-get="/"' in browser.get("/?period=x").text


def test_a_provider_with_markup_is_text(held: DeskWorld) -> None:
    page = held.browser().get("/").text
    assert MARKUP not in page
    assert html.escape(MARKUP) in page


def test_a_shop_without_orders_is_told_how_to_begin(desk: DeskWorld) -> None:
    assert "refilld orders import FILE" in desk.browser().get("/").text
