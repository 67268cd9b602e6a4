"""The queue: what waits, why, who holds it, and what may be done with it."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from markupsafe import escape

from monitor.model.queue_part import WHOLE_QUEUE, PartKind, QueuePart
from monitor.model.refill import RefillState
from monitor.model.role import Role
from storage import queue_pauses
from storage.leases import Failure
from tests import lease_calls
from tests.refilld.web.bulk_desk import BulkDesk, bulk_desk
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements

MOST_STATEMENTS = 30
MARKUP = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def bulk(desk: DeskWorld, tmp_path: Path) -> BulkDesk:
    return bulk_desk(desk, tmp_path, "1", "2")


def rows(page: str) -> list[str]:
    """The ids of the refills that a page shows."""
    return re.findall(r'data-label="Refill" class="num">(\d+)<', page)


def test_the_queue_shows_who_holds_what_and_until_when(bulk: BulkDesk) -> None:
    bulk.queue.queue("3")
    bulk.queue.claim(consumer=MARKUP)
    page = bulk.desk.browser(Role.VIEWER).get("/queue?state=claimed").text
    assert rows(page) == ["3"]
    assert str(escape(MARKUP)) in page
    assert "lease ends" in page
    assert "in 5m" in page
    assert '<a href="/orders/3">' in page
    assert 'data-label="Attempts" class="num">1<' in page


def test_a_refill_that_was_given_up_tells_the_error(bulk: BulkDesk) -> None:
    bulk.queue.queue("3")
    (row,) = bulk.queue.claim()
    with bulk.desk.database.write() as tx:
        lease_calls.fail(tx, 3, row.lease_token, bulk.desk.now, Failure(MARKUP, retryable=False), 3)
    page = bulk.desk.browser(Role.OPERATOR).get("/queue?state=dead").text
    assert str(escape(MARKUP)) in page
    assert 'value="requeue 3"' in page
    assert 'value="approve 3"' not in page


def test_the_list_follows_its_filter(bulk: BulkDesk) -> None:
    bulk.queue.queue("3")
    browser = bulk.desk.browser(Role.VIEWER)
    assert rows(browser.get("/queue").text) == ["3", "2", "1"]
    assert rows(browser.get("/queue?state=held&reason=mass_drop").text) == ["2", "1"]
    assert rows(browser.get("/queue?metric=followers&order_id=2").text) == ["2"]
    assert "No refill matches." in browser.get("/queue?service=nothing").text
    assert escape("state: 'stuck' is not known") in browser.get("/queue?state=stuck").text


def test_the_summary_counts_what_waits_whatever_is_filtered(bulk: BulkDesk) -> None:
    """With units, and the age of the oldest."""
    bulk.desk.now += timedelta(hours=3)
    bulk.queue.now = bulk.desk.now
    bulk.queue.queue("3", quantity=70)
    page = bulk.desk.browser(Role.VIEWER).get("/queue?state=dead").text
    tiles = re.findall(r'state=(\w+)"><b>([^<]+)</b>.*?<span class="quiet">([\d,+]+) units', page)
    assert tiles == [("queued", "1", "70"), ("claimed", "0", "0"), ("held", "2", "200"), ("dead", "0", "0")]
    assert "data-age" in page.partition("state=held")[2][:300]
    assert "3h ago" in page.partition("state=held")[2][:300]


def test_a_refill_has_its_share_of_the_price(bulk: BulkDesk) -> None:
    with bulk.desk.database.write() as tx:
        tx.exec_driver_sql("UPDATE orders SET price = '12.50', currency = 'EUR' WHERE order_id = '1'")
        quantity = tx.exec_driver_sql("SELECT quantity FROM orders WHERE order_id = '1'").scalar_one()
    page = bulk.desk.browser(Role.VIEWER).get("/queue?order_id=1").text
    assert f"{Decimal('12.50') * 100 / quantity:.2f} EUR" in page


@pytest.mark.parametrize("state", RefillState)
def test_only_what_a_state_allows_is_offered(bulk: BulkDesk, state: RefillState) -> None:
    offered = {
        RefillState.HELD: ["approve", "reject", "cancel", "release", "discard"],
        RefillState.QUEUED: ["cancel"],
        RefillState.DEAD: ["requeue", "cancel"],
    }
    more = {
        RefillState.CLAIMED: ", lease_token = 't', leased_until = 1",
        RefillState.COMPLETED: ", completed_at = 1",
    }
    with bulk.desk.database.write() as tx:
        tx.exec_driver_sql(f"UPDATE refills SET state = '{state}' {more.get(state, '')} WHERE refill_id = 1")
    page = bulk.desk.browser(Role.OPERATOR).get(f"/queue?state={state}&order_id=1").text
    assert re.findall(r'name="action" value="(\w+)"', page) == offered.get(state, [])
    assert ('type="checkbox"' in page) is (state in offered)


def test_a_viewer_is_offered_nothing(bulk: BulkDesk) -> None:
    page = bulk.desk.browser(Role.VIEWER).get("/queue").text
    assert rows(page) == ["2", "1"]
    assert "/bulk/preview" not in page
    assert 'type="checkbox"' not in page


def test_a_long_queue_has_pages_and_reads_little(bulk: BulkDesk) -> None:
    bulk.queue.queue(*(f"{i}" for i in range(100, 160)), held=True)
    browser = bulk.desk.browser(Role.OPERATOR)
    with statements() as sent:
        page = browser.get("/queue?state=held").text
    assert len(sent) <= MOST_STATEMENTS
    assert len(rows(page)) == 50
    assert "62 refills" in page
    assert "Everything that matches (62)" in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    assert len(rows(browser.get(older[1].replace("&amp;", "&")).text)) == 12


def test_an_operator_pauses_and_resumes_a_part_of_the_queue(bulk: BulkDesk) -> None:
    """Everybody sees it on the page and on Today; a viewer cannot."""
    operator, viewer = bulk.desk.browser(Role.OPERATOR), bulk.desk.browser(Role.VIEWER)
    operator.get("/queue")
    operator.post("/queue/pause", part="provider", value="acme", why=MARKUP)
    told = "No order has this name, written like this"
    assert told not in operator.get("/queue").text
    operator.post("/queue/pause", part="provider", value="ACME", why="bots")
    assert f"{told}; known: acme" in operator.get("/queue").text
    for path in ("/queue", "/"):
        page = viewer.get(path).text
        assert "provider acme, since" in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    viewer.get("/queue")
    assert viewer.post("/queue/resume", part="provider", value="acme").status_code == 403
    operator.get("/queue")
    operator.post("/queue/resume", part="provider", value="acme")
    assert "provider acme, since" not in viewer.get("/queue").text


def test_of_very_many_pauses_ten_are_shown_and_the_others_counted(bulk: BulkDesk) -> None:
    """On the page and on Today; that of the whole queue is never among the others."""
    with bulk.desk.database.write() as tx:
        for number in range(12):
            queue_pauses.pause(tx, QueuePart(PartKind.PROVIDER, f"p{number:02}"), "bots", bulk.desk.now)
        queue_pauses.pause(tx, WHOLE_QUEUE, "stock", bulk.desk.now)
    for path in ("/queue", "/"):
        page = bulk.desk.browser(Role.VIEWER).get(path).text
        assert re.findall(r"provider (p\d\d), since", page) == [f"p{number:02}" for number in range(9)]
        assert "the whole queue, since" in page
        assert "and 3 more: <code>refilld queue status</code>" in page


@pytest.mark.parametrize(
    "fields", [{}, {"part": "shop", "why": "x"}, {"part": "metric", "why": "x"}, {"part": "queue"}]
)
def test_a_pause_that_names_no_part_or_no_reason_is_refused(bulk: BulkDesk, fields: dict[str, str]) -> None:
    """With the reason on the page."""
    operator = bulk.desk.browser(Role.OPERATOR)
    operator.get("/queue")
    operator.post("/queue/pause", **fields)
    page = operator.get("/queue").text
    assert "Not done" in page
    assert ", since" not in page
