"""The buyer's page: one order for whoever has its link, and nothing else for anybody."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from refilld.services.buyer_links import buyer_link
from refilld.settings.settings import Settings
from storage import buyer_links, event_list, requests, snapshots, targets
from storage.event_list import EventFilter
from storage.pages import PageRequest
from tests.builders import HOUR, NOW, START, a_look, an_order
from tests.refilld.web.desk_world import Browser, DeskWorld
from tests.storage.shop import sell

ON = Settings.model_validate({"web": {"buyer_pages": True, "public_url": "http://localhost"}})


@pytest.fixture
def order(desk: DeskWorld) -> DeskWorld:
    """With a standard order that has lost 300 units, and one of somebody else."""
    desk.now, desk.settings = NOW, ON
    sell(desk.database, an_order(customer="Ann", provider="Secret Ltd"), an_order("2", "other"))
    with desk.database.write() as tx:
        target_id = targets.of_order(tx, "1", lock=True).target_id
        snapshots.add_all(tx, [(target_id, a_look(2000, START + HOUR)), (target_id, a_look(1700, NOW))])
    return desk


def link(desk: DeskWorld, order_id: str = "1") -> str:
    with desk.database.write() as tx:
        return buyer_link(tx, ON, order_id, NOW).removeprefix("http://localhost")


def asked(desk: DeskWorld) -> int:
    with desk.database.read() as tx:
        return len(requests.of_order(tx, "1"))


def buyer(desk: DeskWorld) -> Browser:
    return desk.browser(role=None)


def test_the_link_shows_the_order_without_a_sign_in_and_without_names(order: DeskWorld) -> None:
    answer = buyer(order).get(link(order))
    assert answer.status_code == 200
    assert "1,000 followers" in answer.text
    assert 'class="chart' in answer.text
    for name in ("Ann", "Secret Ltd", "natgeo</title>"):
        assert name not in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_the_buyer_reads_their_own_language(order: DeskWorld) -> None:
    browser, path = buyer(order), link(order)
    assert (
        '<p class="owed" lang="es"' in browser.get(path, headers={"Accept-Language": "es-MX, en;q=0.1"}).text
    )
    assert '<p class="owed" lang="tr"' in browser.get(f"{path}?language=tr").text
    assert '<p class="owed" lang="en"' in browser.get(f"{path}?language=xx").text


def test_no_other_link_shows_anything(order: DeskWorld) -> None:
    """The answer is that for an order which does not exist, and so are the statements."""
    own, browser = link(order), buyer(order)
    named, _, signature = own.rpartition("/")[2].partition(".")
    other = link(order, "2").rpartition("/")[2].partition(".")[0]
    wrong = [
        f"/buyer/{other}.{signature}",
        f"/buyer/bm9uZQ.{signature}",
        f"/buyer/{named}.{signature[:-1]}",
        f"/buyer/{named}.",
        f"/buyer/{named}",
        "/buyer/.",
        f"/buyer/AAAA.{signature}",  # an id of three NUL
        f"/buyer/{'A' * 5_000}.{signature}",
        f"/buyer/{named}.ü",
    ]
    answers, statements = set(), set()
    for path in wrong:
        sent: list[str] = []

        def record(*about: object, sent: list[str] = sent) -> None:
            sent.append(str(about[2]))

        event.listen(Engine, "before_cursor_execute", record)
        try:
            answer = browser.get(path)
        finally:
            event.remove(Engine, "before_cursor_execute", record)
        answers.add((answer.status_code, re.sub(r"Request \w+", "", answer.text)))
        statements.add(tuple(sent))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert len(statements) == 1


def test_the_pages_are_off_unless_they_are_turned_on(order: DeskWorld) -> None:
    path = link(order)
    order.settings = Settings()
    assert buyer(order).get(path).status_code == 404


def test_the_button_is_the_customers_request_and_is_limited(order: DeskWorld) -> None:
    path, browser = link(order), buyer(order)
    browser.get(path)
    assert browser.post(f"{path}/ask", language="es").location == f"{path}?language=es"
    assert "Su petición está anotada." in browser.get(path).text
    assert asked(order) == 1
    with order.database.read() as tx:
        newest = event_list.page(tx, EventFilter(order_id="1"), PageRequest(1)).rows[0]
    assert (newest.kind, newest.actor) == ("refill.requested", "buyer")
    for _ in range(buyer_links.REQUESTS):
        browser.post(f"{path}/ask")
    assert "several times today" in browser.get(path).text
    before = asked(order)
    browser.post(f"{path}/ask")
    assert asked(order) == before
    order.now = NOW + timedelta(days=1, seconds=1)
    browser.post(f"{path}/ask")
    assert "Your request is noted." in browser.get(path).text


def test_a_request_needs_the_link_and_the_form_of_the_page(order: DeskWorld) -> None:
    path, browser = link(order), buyer(order)
    browser.get(path)
    assert browser.post(f"{path[:-1]}/ask").status_code == 404
    assert browser.post(f"{path}/ask", form_token="forged").status_code == 403
    assert asked(order) == 0


def test_a_revoked_link_shows_nothing_and_a_new_one_does(order: DeskWorld) -> None:
    old = link(order)
    operator = order.browser()
    assert old in operator.get("/orders/1").text
    operator.post("/orders/1/link", revoke="1")
    assert buyer(order).get(old).status_code == 404
    new = link(order)
    assert new != old
    assert new in operator.get("/orders/1").text
    assert buyer(order).get(new).status_code == 200
