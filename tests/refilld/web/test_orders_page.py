"""The page of orders: their state in words, filters in the URL, and actions on one, some or all of them."""

import html
import re

import pytest
from markupsafe import escape
from sqlalchemy import update

from jobs.bulk_actions import BulkActions
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.decision import Action, Reason
from monitor.model.order import Flag
from monitor.model.role import Role
from monitor.model.snapshot import Outcome
from storage import drops, flags
from storage.schema import targets
from tests.builders import (
    HOUR,
    NOW,
    START,
    a_claim,
    a_drop,
    a_pending_order,
    an_order,
)
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements
from tests.storage.shop import owe, sell

MARKUP = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
LONG = "x" * 200


@pytest.fixture
def shop(desk: DeskWorld) -> DeskWorld:
    """With a held refill, a flag, a suspected drop, a private profile, and an order under way."""
    desk.now = NOW
    sell(
        desk.database,
        an_order("held", "a", provider="prov"),
        an_order("flagged", "b", service="s2", completed_at=START + HOUR),
        an_order("fallen", "c", customer="Ann"),
        an_order("private", "d", remains=200),
        a_pending_order("pending", "e"),
    )
    with desk.database.write() as tx:
        owe(tx, "held", Action.HOLD, reason=Reason.MASS_DROP)
        flags.set_flag(tx, "flagged", Flag.GUIDELINE_VIOLATION, NOW)
        drops.save(tx, a_drop("fallen"), a_claim("fallen", 40), 1960)
    return desk


def shown(page: str) -> set[str]:
    return set(re.findall(r'<a href="/orders/([^"]+)"><bdi>', page))


def test_an_order_tells_its_state_and_why_in_words(shop: DeskWorld) -> None:
    page = shop.browser(Role.VIEWER).get("/orders").text
    assert "held</span> Refill: many counts fell at once" in page
    assert "guideline violation</span>" in page
    assert "40 missing: another look has to confirm it" in page
    assert "Pending</span>" in page
    assert '800<br><span class="quiet">of 1,000</span>' in page
    assert "5 orders" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=Pending", {"pending"}),
        ("drop_state=suspected", {"fallen"}),
        ("flag=guideline_violation", {"flagged"}),
        ("provider=prov", {"held"}),
        ("service=s2&metric=followers", {"flagged"}),
        ("customer=Ann", {"fallen"}),
        ("order_id=held", {"held"}),
        ("link=https://instagram.com/b?x=1", {"flagged"}),
        ("since=2026-03-01T12:30:00Z", {"flagged"}),
        ("service=none", set()),
    ],
)
def test_the_url_filters_the_orders(shop: DeskWorld, query: str, found: set[str]) -> None:
    page = shop.browser(Role.VIEWER).get(f"/orders?{query}").text
    assert shown(page) == found
    assert ("No order matches." in page) == (not found)


def test_a_wrong_filter_is_named(shop: DeskWorld) -> None:
    page = shop.browser(Role.VIEWER).get("/orders?flag=blue&since=soon").text
    assert escape("flag: 'blue' is not known") in page
    assert 'value="soon"' in page
    assert "<details open>" in page


def test_pages_keep_filter_and_order(desk: DeskWorld) -> None:
    sell(desk.database, *(an_order(f"o{i:02}", f"p{i}") for i in range(60)))
    browser = desk.browser(Role.VIEWER)
    first = browser.get("/orders?service=followers&sort=oldest").text
    newer = re.search(r'rel="next" href="([^"]+)"', first)
    assert newer
    second = browser.get(html.unescape(newer[1])).text
    assert len(shown(first)) == 50
    assert shown(second) == {f"o{i:02}" for i in range(60)} - shown(first)
    assert '<option value="followers" selected>' in second
    back = re.search(r'rel="prev" href="([^"]+)"', second)
    assert back
    assert shown(browser.get(html.unescape(back[1])).text) == shown(first)


@pytest.mark.parametrize("name", ["c" * 300, " c ", "c" * 1000])
def test_the_next_page_has_the_filter_as_it_was_typed(desk: DeskWorld, name: str) -> None:
    """Also if it is long, or begins with a space."""
    customers = (name, name.strip()[:200])
    sell(
        desk.database,
        *(an_order(f"{c}{i}", f"p{i}", customer=customers[c]) for i in range(51) for c in (0, 1)),
    )
    browser = desk.browser(Role.VIEWER)
    first = browser.get("/orders", query_string={"customer": name}).text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert len(shown(first)) + len(shown(browser.get(html.unescape(older[1])).text)) == 51


def test_operators_act_on_a_row_the_selection_or_all_that_matches(shop: DeskWorld) -> None:
    page = shop.browser(Role.OPERATOR).get("/orders?provider=prov").text
    assert '<input type="checkbox" name="id" value="held" form="selection"' in page
    assert 'name="subject" value="orders"' in page
    assert 'name="filter" value="provider=prov"' in page
    assert 'name="back" value="/orders?provider=prov"' in page
    for action in ("check", "flag", "unflag"):
        assert f'name="action" value="{action}"' in page
    assert '<option value="dispute">' in page
    assert 'formaction="/orders/held/check"' in page


@pytest.mark.parametrize(
    ("chosen", "flagged"),
    [({"id": ["fallen", "pending"]}, {"fallen", "pending"}), ({"all": "yes"}, {"held"})],
)
def test_what_was_chosen_is_flagged_once_it_is_confirmed(
    shop: DeskWorld, chosen: dict[str, object], flagged: set[str]
) -> None:
    browser = shop.browser(Role.OPERATOR)
    page = browser.get("/orders?provider=prov").text
    sent = dict(re.findall(r'<input type="hidden" name="(subject|filter|back)" value="([^"]*)"', page))
    preview = browser.post("/bulk/preview", **sent, action="flag", flag="dispute", **chosen).location
    browser.get(preview)
    browser.post(f"{preview}/confirm")
    BulkActions(shop.database, shop.clock, QueueRules()).run_once()
    assert shown(browser.get("/orders?flag=dispute").text) == flagged


def test_a_row_is_checked_now(shop: DeskWorld) -> None:
    browser = shop.browser(Role.OPERATOR)
    browser.get("/orders")
    answer = browser.post("/orders/held/check", subject="orders", filter="", back="/orders?provider=prov")
    assert answer.location == "/orders/held"


def test_a_viewer_sees_no_action(shop: DeskWorld) -> None:
    page = shop.browser(Role.VIEWER).get("/orders").text
    assert "Check now" not in page
    assert "selection" not in page


def test_without_orders_the_page_says_how_to_import_them(desk: DeskWorld) -> None:
    assert "<code>refilld orders import FILE</code>" in desk.browser(Role.VIEWER).get("/orders").text


def test_a_target_without_a_count_is_named(shop: DeskWorld) -> None:
    looked = {"last_outcome": Outcome.LOGIN_REQUIRED, "last_look_at": NOW - 3 * HOUR}
    with shop.database.write() as tx:
        tx.execute(update(targets).values(looked))
    page = shop.browser(Role.VIEWER).get("/orders?order_id=private").text
    assert "sign-in required</span>" in page
    assert "3h ago" in page


def test_names_from_outside_are_text_and_cut(desk: DeskWorld) -> None:
    sell(desk.database, an_order(MARKUP, service=LONG, provider=MARKUP, customer=MARKUP))
    for role in (Role.VIEWER, Role.OPERATOR):
        page = desk.browser(role).get("/orders").text
        assert "<script>alert" not in page
        assert f"<bdi>{escape(MARKUP)}</bdi>" in page
        assert f">{'x' * 59}…</bdi>" in page


def test_many_orders_need_few_statements(desk: DeskWorld) -> None:
    sell(desk.database, *(an_order(f"o{i}", f"p{i}") for i in range(50)))
    with desk.database.write() as tx:
        for i in range(50):
            owe(tx, f"o{i}", Action.HOLD)
    browser = desk.browser()
    with statements() as sent:
        assert len(shown(browser.get("/orders?status=Completed&flag=hold").text)) == 0
    assert len(sent) <= 30
    with statements() as sent:
        assert len(shown(browser.get("/orders?service=followers").text)) == 50
    assert len(sent) <= 30
