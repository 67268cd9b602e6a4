"""The page of mass drops: what each held, and releasing or discarding it by its filter."""

import html
import re
from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.decision import Action, Reason
from monitor.model.role import Role
from monitor.model.target import Metric
from refilld.services.refill_query import REFILLS
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
    page = fallen.browser(Role.OPERATOR).get("/mass-drops").text
    assert page.count('name="action" value="release"') == 1
    assert page.count('name="action" value="discard"') == 1
    assert 'name="subject" value="refills"' in page
    assert 'name="all" value="yes"' in page
    sent = re.search(r'name="filter" value="([^"]+)"', page)
    assert sent
    text = html.unescape(sent[1])
    assert parse_qs(text) == {
        "state": ["held"],
        "reason": ["mass_drop"],
        "metric": ["followers"],
        "since": ["2026-03-11T09:00:00Z"],
    }
    assert not isinstance(REFILLS.parse(text, NOW), tuple)


def test_the_list_is_filtered_by_metric(fallen: DeskWorld) -> None:
    browser = fallen.browser(Role.VIEWER)
    page = browser.get("/mass-drops?metric=likes").text
    assert "on now" not in page
    assert "1 mass drop<" in page
    assert "No mass drop matches." in browser.get("/mass-drops?metric=views").text


def test_without_a_mass_drop_the_page_says_when_one_begins(desk: DeskWorld) -> None:
    page = desk.browser(Role.VIEWER).get("/mass-drops").text
    assert "more than 20 % of at least 20 targets of one metric fall within 6h" in page
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
