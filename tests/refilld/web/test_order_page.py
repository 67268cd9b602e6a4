"""The page of an order: everything about it, and the actions of operators."""

import html
import re
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import Engine, event

from monitor.cadence.schedule import Priority
from monitor.events.kind import EventKind
from monitor.model.decision import Action
from monitor.model.order import Flag
from monitor.model.role import Role
from storage import event_list, flags, order_states, refills, snapshots, targets
from storage.event_list import EventFilter
from storage.events import EventRow
from storage.pages import PageRequest
from tests.builders import DAY, HOUR, NOW, START, a_look, an_order
from tests.refilld.web.desk_world import Browser, DeskWorld
from tests.storage.shop import owe, sell

MARKUP = "<script>alert(1)</script>\u202e"
MOST_STATEMENTS = 30
SHOWN = {"refill_id": "1", "state": "held", "reason": "below_start_count", "units": "300"}


@pytest.fixture
def order(desk: DeskWorld) -> DeskWorld:
    """With the standard order, which has a held refill of 300 units."""
    desk.now = NOW
    sell(desk.database, an_order(customer="Ann", provider="prov"))
    with desk.database.write() as tx:
        target_id = targets.of_order(tx, "1", lock=True).target_id
        snapshots.add_all(tx, [(target_id, a_look(2000, START + HOUR)), (target_id, a_look(1700, NOW))])
        owe(tx, action=Action.HOLD)
    return desk


def newest_event(desk: DeskWorld) -> EventRow:
    with desk.database.read() as tx:
        return event_list.page(tx, EventFilter(order_id="1"), PageRequest(1)).rows[0]


def chart_data(browser: Browser, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = browser.get(f"/order-charts/1?{query}").get_json()
    return found


def operator(desk: DeskWorld) -> Browser:
    browser = desk.browser(Role.OPERATOR, "alice")
    browser.get("/orders/1")
    return browser


def shown_refill(browser: Browser, action: str) -> dict[str, str]:
    """The fields of the form of an action on a refill, as the page shows them."""
    forms = browser.get("/orders/1").text.split('action="/orders/1/refill"')[1:]
    (form,) = (form for form in forms if f'name="do" value="{action}"' in form)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("</form>")[0]))
    return {name: value for name, value in fields.items() if name != "form_token"}


def test_the_page_tells_what_is_owed_and_why(order: DeskWorld) -> None:
    page = order.browser(Role.VIEWER).get("/orders/1").text
    assert (
        "300 followers are held in refill 1, because the count is below what it was before the order" in page
    )
    assert "decided: hold a refill of 300" in page
    assert 'lang="es"' in page
    assert 'class="chart' in page
    assert "1,000 of 1,000 followers" in page


def test_a_viewer_is_offered_no_action_and_may_do_none(order: DeskWorld) -> None:
    browser = order.browser(Role.VIEWER)
    page = browser.get("/orders/1").text
    assert 'action="/orders/' not in page
    assert browser.post("/orders/1/refill", refill_id=1, do="reject").status_code == 403


@pytest.mark.parametrize("order_id", ["a/b/flag", "x?y#z", "%41", "Ünï cödé", "1 2"])
def test_an_order_has_a_page_whatever_its_id(desk: DeskWorld, order_id: str) -> None:
    sell(desk.database, an_order(order_id))
    with desk.app().test_request_context():
        path = url_for("order", order_id=order_id)
    assert f"Order {html.escape(order_id)}" in desk.browser().get(path).text


def test_what_comes_from_outside_is_text(desk: DeskWorld) -> None:
    sell(desk.database, an_order(customer=MARKUP, provider=MARKUP, service=MARKUP))
    page = desk.browser().get("/orders/1").text
    assert "<script>alert" not in page
    assert page.count(html.escape("<script>alert(1)")) == 3


def test_an_unknown_order_is_not_found(desk: DeskWorld) -> None:
    assert desk.browser().get("/orders/17").status_code == 404
    assert desk.browser().get("/order-charts/17").status_code == 404


def test_a_flag_is_set_and_lifted_with_a_comment_by_the_person_of_the_page(order: DeskWorld) -> None:
    browser = operator(order)
    assert browser.post("/orders/1/flag", flag="dispute", comment=" paid \n back ").location == "/orders/1"
    assert "The order is flagged payment dispute." in browser.get("/orders/1").text
    with order.database.read() as tx:
        assert flags.of_order(tx, "1") == {Flag.DISPUTE}
        rows = event_list.page(tx, EventFilter(order_id="1"), PageRequest()).rows
    flagged = next(row for row in rows if row.kind == "order.flagged")
    assert (flagged.actor, flagged.payload["comment"]) == ("page alice", "paid back")
    browser.post("/orders/1/unflag", flag="dispute", comment="settled")
    assert newest_event(order).payload == {"flag": "dispute", "comment": "settled"}


def test_a_held_refill_is_rejected_once_and_the_second_person_sees_it(order: DeskWorld) -> None:
    first, second = operator(order), operator(order)
    first.post("/orders/1/refill", **SHOWN, do="reject")
    assert "Refill 1 of 300 is now: rejected." in first.get("/orders/1").text
    second.post("/orders/1/refill", **SHOWN, do="approve")
    page = second.get("/orders/1").text
    assert "Not done: refill 1 has changed: it is rejected (below_start_count) now, by page alice." in page


def test_before_all_units_of_an_order_are_approved_the_page_says_that_it_is_all(order: DeskWorld) -> None:
    """As after a first count of 0."""
    browser = operator(order)
    assert "300 followers are held in refill 1" in browser.get("/orders/1").text
    with order.database.write() as tx:
        tx.exec_driver_sql("UPDATE refills SET quantity = 1000")
    page = browser.get("/orders/1").text
    assert "All 1,000 followers of the order are held in refill 1, because the count is below" in page
    assert "approving queues all of them that are still missing" in page


def test_no_more_units_are_queued_than_the_page_showed(order: DeskWorld) -> None:
    browser = operator(order)
    with order.database.write() as tx:
        at = int(NOW.timestamp() * 1_000_000)
        tx.exec_driver_sql(f"UPDATE targets SET last_count = 1700, last_count_at = {at}")
        tx.exec_driver_sql("UPDATE refills SET quantity = 100")
    form = shown_refill(browser, "approve")
    assert form == SHOWN | {"units": "100", "do": "approve"}
    with order.database.write() as tx:
        tx.exec_driver_sql("UPDATE refills SET quantity = 300")
    browser.post("/orders/1/refill", **form)
    page = browser.get("/orders/1").text
    assert "Not done: refill 1 has changed: it is owed 300 units now, 100 were shown." in page
    browser.post("/orders/1/refill", **shown_refill(browser, "approve"))
    assert "Refill 1 of 300 is now: queued." in browser.get("/orders/1").text


def test_a_refill_is_not_changed_by_a_form_that_does_not_tell_how_it_was(order: DeskWorld) -> None:
    browser = operator(order)
    for wrong in ({"units": ""}, {"state": "odd"}, {"reason": "odd"}):
        browser.post("/orders/1/refill", **SHOWN | wrong, do="approve")
        assert "Not done: the form does not tell how the refill was" in browser.get("/orders/1").text


def test_only_a_refill_of_the_order_itself_is_changed_on_its_page(order: DeskWorld) -> None:
    sell(order.database, an_order("2", "other"))
    browser = operator(order)
    browser.post("/orders/2/refill", **SHOWN, do="reject")
    assert "refill 1 is of another order" in browser.get("/orders/2").text
    with order.database.read() as tx:
        assert refills.get(tx, 1).state == "held"


@pytest.mark.parametrize(("comment", "why"), [("x" * 1001, "more than 1,000"), ("\x1b[1m", "control")])
def test_a_comment_that_cannot_be_kept_whole_is_refused(order: DeskWorld, comment: str, why: str) -> None:
    browser = operator(order)
    browser.post("/orders/1/flag", flag="dispute", comment=comment)
    page = browser.get("/orders/1").text
    assert "Not done: the comment " in page
    assert why in page
    with order.database.read() as tx:
        assert flags.of_order(tx, "1") == set()


def test_the_start_count_is_corrected(order: DeskWorld) -> None:
    browser = operator(order)
    browser.post("/orders/1/correct", start_count="800")
    assert "say why the start count is corrected" in browser.get("/orders/1").text
    browser.post("/orders/1/correct", start_count="900", comment="typed wrong")
    assert "The start count is 900 now, before 1,000; 1 earlier decision" in browser.get("/orders/1").text
    for wrong in ("", "-1", "1e3", "9" * 30, "\u0663"):
        browser.post("/orders/1/correct", start_count=wrong)
        assert "Not done: start count must be a whole number" in browser.get("/orders/1").text
    with order.database.read() as tx:
        assert order_states.one_order(tx, "1").start_count == 900


def test_check_now_makes_the_target_due_and_is_in_the_audit_trail(order: DeskWorld) -> None:
    browser = operator(order)
    browser.post("/orders/1/check")
    assert "The target is looked at next" in browser.get("/orders/1").text
    with order.database.read() as tx:
        assert targets.of_order(tx, "1").schedule.priority is Priority.URGENT
        checked = EventFilter(order_id="1", kind=EventKind.ORDER_CHECK_REQUESTED)
        (row,) = event_list.page(tx, checked, PageRequest()).rows
    assert row.actor.startswith("page ")


def test_the_chart_is_given_as_data_and_in_parts(order: DeskWorld) -> None:
    browser = order.browser(Role.VIEWER)
    whole = chart_data(browser)
    assert [count for count in whole["counts"][1] if count] == [2000, 1700]
    start, end = int(START.timestamp()), int((START + DAY).timestamp())
    part = chart_data(browser, f"start={start}&end={end}")
    assert (part["start"], part["end"], part["counts"][1]) == (start, end, [2000])
    for wrong in ("start=x&end=1", "start=9&end=1", f"start=1&end={'9' * 40}"):
        assert chart_data(browser, wrong)["counts"] == whole["counts"]


def test_a_page_takes_few_statements_however_much_has_happened(order: DeskWorld) -> None:
    """No row of a table costs a statement."""
    with order.database.write() as tx:
        for number in range(20):
            refills.cancel_waiting(tx, "1", NOW, "again")
            owe(tx, at=NOW + number * HOUR)
    browser, statements = order.browser(Role.VIEWER), []

    def record(*about: object) -> None:
        statements.append(about[2])

    event.listen(Engine, "before_cursor_execute", record)
    try:
        assert browser.get("/orders/1").status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", record)
    assert 5 < len(statements) <= MOST_STATEMENTS, statements
