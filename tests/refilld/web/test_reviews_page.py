"""Refund reviews: found, and closed with a note, one or all."""

import re
from pathlib import Path

import pytest
from markupsafe import escape

from monitor.events.kind import EventKind
from monitor.guarantee.refund_review import Review, ReviewCause
from monitor.model.role import Role
from storage import leases, operator_actions, orders, reviews
from storage.event_list import EventFilter
from storage.event_list import page as event_page
from storage.pages import PageRequest
from tests import lease_calls
from tests.builders import HOUR
from tests.refilld.web.bulk_desk import BulkDesk, bulk_desk
from tests.refilld.web.desk_world import Browser, DeskWorld
from tests.refilld.web.statements import statements

MOST_STATEMENTS = 30
MARKUP = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
NOTE = "refunded 2.40 EUR"


@pytest.fixture
def bulk(desk: DeskWorld, tmp_path: Path) -> BulkDesk:
    """Orders 1, 2 and 3 have an open review each."""
    made = bulk_desk(desk, tmp_path, "1", "2", "3")
    for number in (1, 2, 3):
        review(made, f"{number}")
    return made


def review(bulk: BulkDesk, order_id: str) -> None:
    with bulk.desk.database.write() as tx:
        asked = Review(order_id, ReviewCause.SHORT_DELIVERY, 100, None)
        reviews.open_review(tx, asked, orders.get(tx, order_id).order, bulk.desk.now)


def rows(page: str) -> list[str]:
    return re.findall(r'data-label="Review" class="num">(\d+)<', page)


def close(bulk: BulkDesk, browser: Browser, **fields: object) -> str:
    path = bulk.preview(browser, **{"subject": "reviews", "action": "close", "note": NOTE} | fields)
    browser.post(f"{path}/confirm")
    bulk.work()
    return path


def test_a_selection_is_closed_with_a_note(bulk: BulkDesk) -> None:
    """The audit trail says by whom."""
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    close(bulk, ana, id=["1", "2"])
    page = ana.get("/reviews?state=closed").text
    assert rows(page) == ["2", "1"]
    assert page.count(NOTE) == 2
    assert rows(ana.get("/reviews?state=open").text) == ["3"]
    with bulk.desk.database.read() as tx:
        events = event_page(tx, EventFilter(kind=EventKind.REVIEW_CLOSED), PageRequest()).rows
    assert [event.actor for event in events] == ["page ana", "page ana"]


def test_everything_that_matches_is_closed(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    close(bulk, ana, all="yes", filter="state=open&order_id=3")
    assert rows(ana.get("/reviews?state=closed").text) == ["3"]


def test_the_second_operator_sees_who_has_closed_it(bulk: BulkDesk) -> None:
    ana, ben = (bulk.desk.browser(Role.OPERATOR, name) for name in ("ana", "ben"))
    second = bulk.preview(ben, subject="reviews", action="close", note="nothing to do", id="1")
    close(bulk, ana, id="1")
    ben.post(f"{second}/confirm")
    bulk.work()
    assert "review 1 is closed already, by page ana" in ben.get(second).text
    assert "nothing to do" not in ben.get("/reviews").text


def test_closed_reviews_are_left_out_of_a_preview(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    close(bulk, ana, id="1")
    page = ana.get(bulk.preview(ana, subject="reviews", action="close", note=NOTE, id=["1", "2"])).text
    assert "closed already" in page
    assert "Close reviews: 1" in page
    assert NOTE in page


def test_notes_are_text(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = close(bulk, ana, id="1", note=f"{MARKUP}\n  twice")
    for page in (path, "/reviews", "/bulk"):
        assert "<script>alert" not in ana.get(page).text
    assert escape(f"{MARKUP} twice") in ana.get("/reviews").text


def test_a_viewer_sees_the_reviews_and_closes_none(bulk: BulkDesk) -> None:
    page = bulk.desk.browser(Role.VIEWER).get("/reviews").text
    assert rows(page) == ["3", "2", "1"]
    assert "/bulk/preview" not in page
    assert "fewer at the first look than were delivered" in page


def test_what_was_refilled_since_is_marked_and_can_be_left_out(bulk: BulkDesk) -> None:
    with bulk.desk.database.write() as tx:
        operator_actions.act(tx, 1, "approve", bulk.desk.now)
        (row,) = leases.claim(tx, bulk.desk.now, limit=1, lease=HOUR, consumer="panel")
        lease_calls.complete(tx, row.refill_id, row.lease_token, bulk.desk.now)
    browser = bulk.desk.browser(Role.VIEWER)
    assert browser.get("/reviews").text.count("in full</span>") == 1
    page = browser.get("/reviews?not_refilled=yes").text
    assert "in full</span>" not in page
    assert len(rows(page)) == 2


def test_many_reviews_are_read_with_few_statements(bulk: BulkDesk) -> None:
    bulk.queue.queue(*(f"{i}" for i in range(100, 160)))
    for number in range(100, 160):
        review(bulk, f"{number}")
    with statements() as sent:
        page = bulk.desk.browser(Role.OPERATOR).get("/reviews?state=open").text
    assert len(rows(page)) == 50
    assert "63 refund reviews" in page
    assert len(sent) <= MOST_STATEMENTS


def test_a_selection_of_reviews_is_previewed_with_few_statements(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    ana.get("/bulk")
    sent = {"subject": "reviews", "action": "close", "note": NOTE, "id": [f"{i}" for i in range(1, 1_000)]}
    with statements() as found:
        assert ana.post("/bulk/preview", **sent).location.startswith("/bulk/")
    assert len(found) <= MOST_STATEMENTS
