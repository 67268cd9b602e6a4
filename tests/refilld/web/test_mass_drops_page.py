"""The page of mass drops: what each held, and releasing or discarding it by its filter."""

import html
import re
from decimal import Decimal

import pytest

from jobs.bulk_actions import BulkActions
from monitor.guarantee.mass_drop import MassDropCounts
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.decision import Action, Reason
from monitor.model.role import Role
from monitor.model.target import Metric
from refilld.settings.settings import MassDropSection, Settings
from storage import mass_drops
from tests.builders import HOUR, NOW, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements
from tests.storage.shop import owe, sell

BEGAN = NOW - 3 * HOUR


@pytest.fixture
def fallen(desk: DeskWorld) -> DeskWorld:
    """With a mass drop of followers that is on and holds two refills, and an ended one of likes."""
    desk.now = NOW
    sold = [an_order(name, name, price=Decimal("2.00"), currency="USD") for name in ("a", "b")]
    sell(desk.database, *sold)
    with desk.database.write() as tx:
        mass_drops.begin(tx, Metric.LIKES, MassDropCounts(50, 20), BEGAN - HOUR)
        mass_drops.end(tx, Metric.LIKES, BEGAN)
        mass_drops.begin(tx, Metric.FOLLOWERS, MassDropCounts(40, 30), BEGAN)
        for name in ("a", "b"):
            owe(tx, name, Action.HOLD, reason=Reason.MASS_DROP, quantity=500, at=BEGAN + HOUR)
    return desk


def test_a_mass_drop_tells_what_it_held(fallen: DeskWorld) -> None:
    page = fallen.browser(Role.VIEWER).get("/mass-drops").text
    assert "on now</span>" in page
    assert '30 <span class="quiet">of 40</span>' in page
    assert '<td data-label="Refills held" class="num">2</td>' in page
    assert '<td data-label="Units" class="num">1,000</td>' in page
    assert "2.00 USD" in page
    assert "2 mass drops" in page
    assert "Release" not in page


def test_operators_release_or_discard_what_it_still_holds(fallen: DeskWorld) -> None:
    browser = fallen.browser(Role.OPERATOR)
    page = browser.get("/mass-drops").text
    assert page.count('name="action" value="release"') == 1
    fields = re.findall(r'<input type="hidden" name="(subject|all|filter|back)" value="([^"]*)"', page)
    sent = {name: html.unescape(value) for name, value in fields}
    preview = browser.post("/bulk/preview", **sent, action="discard").location
    assert "<dt>Units</dt><dd>1,000</dd>" in browser.get(preview).text
    browser.post(f"{preview}/confirm")
    BulkActions(fallen.database, fallen.clock, QueueRules()).run_once()
    page = browser.get("/mass-drops").text
    assert '<td data-label="Refills held" class="num">2</td>' in page
    assert '<td data-label="Still held" class="num">0</td>' in page
    assert 'name="action"' not in page


def test_a_mass_drop_leads_to_the_refills_that_it_held(fallen: DeskWorld) -> None:
    browser = fallen.browser(Role.VIEWER)
    page = browser.get("/mass-drops?metric=followers").text
    still = re.search(r'<a href="(/queue\?state=held[^"]+)">2</a>', page)
    everything = re.search(r'<a href="(/queue\?reason=[^"]+)"><time', page)
    assert still
    assert everything
    for found in (still, everything):
        assert "2 refills" in browser.get(html.unescape(found[1])).text


def test_the_list_is_filtered_by_metric(fallen: DeskWorld) -> None:
    browser = fallen.browser(Role.VIEWER)
    page = browser.get("/mass-drops?metric=likes").text
    assert "on now" not in page
    assert "1 mass drop<" in page
    assert "No mass drop matches." in browser.get("/mass-drops?metric=views").text


def test_without_a_mass_drop_the_page_says_when_one_begins(desk: DeskWorld) -> None:
    page = desk.browser(Role.VIEWER).get("/mass-drops").text
    assert "more than 20 percent of at least 20 targets of one metric fall within 6 hours" in page
    desk.settings = Settings(mass_drop=MassDropSection(enabled=False))
    assert "Mass drops are not looked for" in desk.browser(Role.VIEWER).get("/mass-drops").text


def test_many_mass_drops_need_few_statements(desk: DeskWorld) -> None:
    with desk.database.write() as tx:
        for i in range(30, 0, -1):
            mass_drops.begin(tx, Metric.LIKES, MassDropCounts(50, 20), NOW - i * HOUR)
            mass_drops.end(tx, Metric.LIKES, NOW - i * HOUR + HOUR / 2)
    browser = desk.browser()
    with statements() as sent:
        page = browser.get("/mass-drops").text
    assert len(sent) <= 30
    assert "30 mass drops" in page
    assert ">Older</a>" in page
