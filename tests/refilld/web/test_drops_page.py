"""The page of drops: what fell, what was decided, and why, filtered by its URL."""

import html
import re

import pytest
from markupsafe import escape

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.role import Role
from storage import drops, leases, operator_actions
from tests import lease_calls
from tests.builders import HOUR, MINUTE, NOW, a_claim, a_drop, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements
from tests.storage.shop import owe, sell

MARKUP = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
LONG = "x" * 200


@pytest.fixture
def fallen(desk: DeskWorld) -> DeskWorld:
    """With a held drop of order 1, and a suspected one of order 2."""
    desk.now = NOW + HOUR
    sell(desk.database, an_order("1", provider="prov"), an_order("2", "nasa", service="s2", customer="Ann"))
    with desk.database.write() as tx:
        owe(tx, "1", Action.HOLD, reason=Reason.MASS_DROP, at=NOW - HOUR)
        drops.save(tx, a_drop("2", opened_at=NOW + HOUR), a_claim("2", 40), 1960)
    return desk


def test_a_drop_tells_its_state_and_why_in_words(fallen: DeskWorld) -> None:
    page = fallen.browser(Role.VIEWER).get("/drops").text
    assert "hold: many counts fell at once" in page
    assert "refill held</span>" in page
    assert "another look has to confirm it" in page
    assert '<a href="/orders/2"><bdi>2</bdi></a>' in page
    assert "2 drops" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=suspected", {"2"}),
        ("reason=mass_drop", {"1"}),
        ("provider=prov", {"1"}),
        ("customer=Ann&service=s2", {"2"}),
        ("open_only=yes", {"2"}),
        ("link=@nasa", {"2"}),
        ("decision=hold&metric=followers", {"1"}),
        ("since=30m", {"2"}),
        ("metric=likes", set()),
    ],
)
def test_the_url_filters_the_drops(fallen: DeskWorld, query: str, shown: set[str]) -> None:
    page = fallen.browser(Role.VIEWER).get(f"/drops?{query}").text
    assert set(re.findall(r'href="/orders/([^"]+)"', page)) == shown
    assert ("No drop matches." in page) == (not shown)


def test_the_filter_offers_what_the_shop_has_and_keeps_what_was_chosen(fallen: DeskWorld) -> None:
    page = fallen.browser(Role.VIEWER).get("/drops?service=s2&provider=gone").text
    assert '<option value="s2" selected>s2</option>' in page
    assert "<option selected>gone</option>" in page
    assert escape("since: 'soon' is neither") in fallen.browser().get("/drops?since=soon").text


def test_the_list_turns_around_and_has_pages(desk: DeskWorld) -> None:
    desk.now = NOW
    sell(desk.database, *(an_order(f"o{i}", f"p{i}") for i in range(60)))
    with desk.database.write() as tx:
        for i in range(60):
            drops.save(tx, a_drop(f"o{i}", opened_at=NOW - i * MINUTE), a_claim(f"o{i}"), 1700)
    browser = desk.browser(Role.VIEWER)
    turned = "/drops?state=suspected&sort=oldest"
    assert f'href="{escape(turned)}">Oldest first</a>' in browser.get("/drops?state=suspected").text
    first = browser.get(turned).text
    assert "<bdi>o59</bdi>" in first
    newer = re.search(r'rel="next" href="([^"]+)">Newer<', first)
    assert newer
    second = browser.get(html.unescape(newer[1])).text
    assert re.findall(r"<bdi>(o\d+)</bdi>", second) == [f"o{i}" for i in range(9, -1, -1)]
    assert 'name="sort" value="oldest"' in second
    assert ">Older</a>" in second


def test_without_a_drop_the_page_says_when_one_appears(desk: DeskWorld) -> None:
    page = desk.browser(Role.VIEWER).get("/drops").text
    assert "No drop was seen yet." in page


def test_names_from_outside_are_text_and_cut(desk: DeskWorld) -> None:
    desk.now = NOW
    sell(desk.database, an_order(MARKUP, service=LONG, provider=MARKUP, customer=MARKUP))
    with desk.database.write() as tx:
        drops.save(tx, a_drop(MARKUP), a_claim(MARKUP), 1700)
    page = desk.browser(Role.VIEWER).get("/drops").text
    assert "<script>alert" not in page
    assert f"<bdi>{escape(MARKUP)}</bdi>" in page
    assert f">{'x' * 59}…</bdi>" in page


def test_many_drops_need_few_statements(desk: DeskWorld) -> None:
    sell(desk.database, *(an_order(f"o{i}", f"p{i}") for i in range(50)))
    with desk.database.write() as tx:
        for i in range(50):
            drops.save(tx, a_drop(f"o{i}", DropState.SUSPECTED), a_claim(f"o{i}"), 1700)
    browser = desk.browser(Role.VIEWER)
    with statements() as sent:
        assert browser.get("/drops?service=followers&provider=x&reason=cooldown").status_code == 200
    assert len(sent) <= 30


def test_a_held_drop_shows_what_became_of_its_refill(fallen: DeskWorld) -> None:
    with fallen.database.write() as tx:
        operator_actions.act(tx, 1, "approve", NOW)
    browser = fallen.browser(Role.VIEWER)
    for path, shown in (
        ("/drops?provider=prov", "refill queued</span>"),
        ("/orders/1", "refill queued</td>"),
    ):
        page = browser.get(path).text
        assert shown in page
        assert "was held: many counts fell at once" in page
    with fallen.database.write() as tx:
        (row,) = leases.claim(tx, NOW, limit=1, lease=HOUR, consumer="panel")
        lease_calls.complete(tx, row.refill_id, row.lease_token, NOW)
    assert "refill delivered</span>" in browser.get("/drops?provider=prov").text
    assert "refill delivered" in browser.get("/orders/1").text
    assert '<option value="held">a refill was held</option>' in browser.get("/drops").text
