"""Actions on many rows: previewed, confirmed once by who previewed it, carried out, and told row by row."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from markupsafe import escape

from monitor.model.role import Role
from refilld.services import bulk_preview
from refilld.settings.settings import Settings
from storage import daemons
from storage.daemons import DaemonMode
from tests.refilld.web.bulk_desk import BulkDesk, bulk_desk
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements

MOST_STATEMENTS = 30


@pytest.fixture
def bulk(desk: DeskWorld, tmp_path: Path) -> BulkDesk:
    return bulk_desk(desk, tmp_path, "1", "2", "3")


def test_a_preview_shows_what_will_be_done_and_what_is_left_out(bulk: BulkDesk) -> None:
    """By service and provider, with units; nothing is done before it is confirmed."""
    bulk.queue.queue("4")
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, id=["1", "2", "4", "99"])
    page = ana.get(path).text
    assert "Will be queued" in page
    assert "<dt>Units</dt><dd>200</dd>" in page
    assert escape("queued; approve needs held") in page
    assert "there is no such refill" in page
    assert '<a href="/queue?state=held">' in page
    bulk.work()
    assert bulk.queue.state(1) == "held"
    assert ana.post(f"{path}/confirm").location == path
    bulk.work()
    assert [bulk.queue.state(i) for i in (1, 2, 3)] == ["queued", "queued", "held"]
    page = ana.get(path).text
    assert "Every row was carried out or refused." in page
    assert "queued, 100 units" in page


def test_a_preview_tells_how_many_refills_queue_all_that_was_sold(bulk: BulkDesk) -> None:
    """As after a first count of 0."""
    (whole,) = bulk.queue.queue_on([("9", "profile.9")], held=True, quantity=1000)
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    assert "Refills for all that was sold: 1." in ana.get(bulk.preview(ana, id=["1", whole])).text
    assert "all that was sold" not in ana.get(bulk.preview(ana, id=["1", "2"])).text


def test_everything_that_matches_the_filter_is_frozen(bulk: BulkDesk) -> None:
    """What comes later is not acted on; ids in the form do not count then."""
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, action="reject", all="yes", filter="state=held", id="99")
    (later,) = bulk.queue.queue("5", held=True)
    ana.post(f"{path}/confirm")
    bulk.work()
    assert [bulk.queue.state(i) for i in (1, 2, 3, later)] == ["rejected"] * 3 + ["held"]
    assert "<code>state=held</code>" in ana.get(path).text


def test_the_button_of_a_row_is_about_that_row(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, action="", row="reject 2", all="yes", filter="", id=["1", "3"])
    ana.post(f"{path}/confirm")
    bulk.work()
    assert [bulk.queue.state(i) for i in (1, 2, 3)] == ["held", "rejected", "held"]


@pytest.mark.parametrize(("subject", "action"), [("refills", "reject"), ("orders", "check")])
def test_a_row_that_is_sent_twice_counts_once(bulk: BulkDesk, subject: str, action: str) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, subject=subject, action=action, id=["1", "1", "2"])
    assert ": 2</button>" in ana.get(path).text


def test_confirming_twice_carries_out_once(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, id="1")
    ana.get(path)
    ana.post(f"{path}/confirm")
    ana.post(f"{path}/confirm")
    assert escape("cannot be confirmed: it is running") in ana.get(path).text
    bulk.work()
    bulk.work()
    assert bulk.queue.events(1) == ["held", "queued"]


def test_nobody_else_confirms_a_preview(bulk: BulkDesk) -> None:
    """Others see it, without the button."""
    ana, ben = (bulk.desk.browser(Role.OPERATOR, name) for name in ("ana", "ben"))
    path = bulk.preview(ana, id="1")
    page = ben.get(path).text
    assert "Only who previewed it can confirm it." in page
    assert f'action="{path}/confirm"' not in page
    ben.post(f"{path}/confirm")
    assert "was previewed by page ana" in ben.get(path).text
    bulk.work()
    assert bulk.queue.state(1) == "held"


def test_an_expired_preview_is_not_carried_out(bulk: BulkDesk) -> None:
    """The job deletes it; then its page says so."""
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, id="1")
    bulk.desk.now += bulk_preview.VALID
    page = ana.get(path).text
    assert "This preview has expired." in page
    assert f'action="{path}/confirm"' not in page
    ana.post(f"{path}/confirm")
    assert "the preview is too old" in ana.get(path).text
    bulk.work()
    assert bulk.queue.state(1) == "held"
    gone = ana.get(path)
    assert (gone.status_code, "in time is deleted" in gone.text) == (404, True)


def test_the_second_operator_sees_what_the_first_did(bulk: BulkDesk) -> None:
    """Each refused row says what the refill is now, and by whom."""
    ana, ben = (bulk.desk.browser(Role.OPERATOR, name) for name in ("ana", "ben"))
    first, second = bulk.preview(ana, id=["1"]), bulk.preview(ben, action="reject", id=["1", "2"])
    ana.post(f"{first}/confirm")
    ben.post(f"{second}/confirm")
    bulk.work()
    page = ben.get(f"{second}?result=refused").text
    assert "refill 1 has changed: it is queued (mass_drop) now, by page ana" in page
    assert "rejected, 100 units" not in page
    assert "rejected, 100 units" in ben.get(second).text


def test_a_running_action_is_stopped_by_any_operator(bulk: BulkDesk) -> None:
    ana, ben = (bulk.desk.browser(Role.OPERATOR, name) for name in ("ana", "ben"))
    path = bulk.preview(ana, all="yes", filter="")
    ana.post(f"{path}/confirm")
    page = ben.get(path).text
    assert "hx-get" in page
    ben.post(f"{path}/stop")
    bulk.work()
    page = ben.get(path).text
    assert "3 of 3 rows were not carried out." in page
    assert "hx-get" not in page
    assert bulk.queue.state(1) == "held"
    ben.post(f"{path}/stop")
    assert "is stopped already" in ben.get(path).text


def test_without_a_daemon_the_page_says_so_and_what_to_do(bulk: BulkDesk) -> None:
    """A process that serves pages alone carries out nothing."""
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, id="1")
    remedy = "Start it on the server: <code>refilld run</code>"
    for mode, missing in ((DaemonMode.SERVE, True), (DaemonMode.RUN, False)):
        with bulk.desk.database.write() as tx:
            daemons.register(tx, "elsewhere", 1, "1", mode, bulk.desk.now)
        assert (remedy in ana.get(path).text) is missing, mode


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "nothing is selected"),
        ({"id": "x"}, "is no id"),
        ({"id": "9" * 19}, "is no id"),
        ({"id": str(2**63 - 1)}, ""),
        ({"id": "-1"}, "is no id"),
        ({"id": "1", "action": "flag"}, "flag is no action on refills"),
        ({"id": "1", "action": "explode"}, "there is no action"),
        ({"id": "1", "subject": "users"}, "there is no subject"),
        ({"all": "yes", "filter": "state=held&state=dead"}, "is given twice"),
        ({"all": "yes", "filter": "page=2"}, "is not known"),
        ({"row": "approve"}, "is no id"),
        ({"id": "1", "subject": "reviews", "action": "close", "note": " "}, "write what was done"),
        ({"id": "1", "subject": "reviews", "action": "close", "note": "a\ab"}, "control characters"),
        ({"id": "1", "subject": "orders", "action": "flag", "flag": "x"}, "there is no flag"),
        ({"id": "1\a", "subject": "orders", "action": "check"}, "is no id"),
        ({"id": "w" * 1_001, "subject": "orders", "action": "check"}, "is no id"),
        (
            {"id": [f"{i}" for i in range(10_001)]},
            "10,001 rows are selected; one action takes at most 10,000",
        ),
    ],
)
def test_a_forged_form_previews_nothing(bulk: BulkDesk, fields: dict[str, Any], told: str) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, **fields)
    if told:
        assert path == "/queue?state=held"
        assert escape(told) in ana.get(path).text
    else:
        assert "There is nothing to do." in ana.get(path).text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example/", "/\\evil", "javascript:x"])
def test_the_way_back_stays_on_this_site(bulk: BulkDesk, back: str) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    assert bulk.preview(ana, back=back) == "/"
    path = bulk.preview(ana, back=back, id="1")
    assert "evil" not in ana.get(path).text
    assert "javascript:" not in ana.get(path).text


def test_a_viewer_sees_and_changes_nothing(bulk: BulkDesk) -> None:
    ana, viewer = bulk.desk.browser(Role.OPERATOR, "ana"), bulk.desk.browser(Role.VIEWER)
    path = bulk.preview(ana, id="1")
    assert "Approve refills" in viewer.get("/bulk").text
    assert f'action="{path}/confirm"' not in viewer.get(path).text
    for action in ("/bulk/preview", f"{path}/confirm", f"{path}/stop"):
        assert viewer.post(action).status_code == 403, action


def test_shadow_mode_previews_nothing_that_would_be_queued(bulk: BulkDesk) -> None:
    bulk.desk.settings = Settings.model_validate({"guarantee": {"mode": "shadow"}})
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    assert bulk.preview(ana, id="1") == "/queue?state=held"
    assert "shadow mode is on" in ana.get("/queue").text


def test_the_preview_of_a_flag_tells_which_refills_it_cancels(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, subject="orders", action="flag", flag="hold", id=["1", "2"])
    cancelled = ana.get(path).text.partition("Refills that the flag cancels")[2]
    assert "<dt>Units</dt><dd>200</dd>" in cancelled
    ana.post(f"{path}/confirm")
    bulk.work()
    assert [bulk.queue.state(i) for i in (1, 2, 3)] == ["cancelled", "cancelled", "held"]


def test_names_of_services_and_filters_are_text(bulk: BulkDesk) -> None:
    markup = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
    with bulk.desk.database.write() as tx:
        tx.exec_driver_sql("UPDATE orders SET service = ?", (markup,))
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(
        ana, all="yes", filter=urlencode({"service": markup}), back=f"/queue?q={quote(markup)}"
    )
    page = ana.get(path).text
    assert "Approve refills: 3" in page
    assert str(escape(markup)) in page
    assert "<script>alert" not in page


def test_more_rows_than_one_action_takes_are_told(bulk: BulkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_preview, "MOST", 2)
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    page = ana.get(bulk.preview(ana, all="yes", filter="")).text
    assert "The filter may find more rows" in page
    assert "These are 2;" in page
    assert "Approve refills: 2" in page


def test_an_id_that_is_sent_often_is_one_row(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    page = ana.get(bulk.preview(ana, id=["1"] * 10_001 + ["2"])).text
    assert "Approve refills: 2" in page


def test_an_alert_that_is_not_known_is_left_out(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    page = ana.get(bulk.preview(ana, subject="alerts", action="acknowledge", id="987654")).text
    assert "there is no such alert" in page
    assert "987654" in page


def test_the_pages_of_many_rows_read_little(bulk: BulkDesk) -> None:
    bulk.queue.queue(*(f"{i}" for i in range(100, 160)), held=True)
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, all="yes", filter="")
    for _ in range(25):
        bulk.preview(ana, id="1")
    ana.post(f"{path}/confirm")
    for page in ("/bulk", path, f"{path}?result=done"):
        with statements() as sent:
            answer = ana.get(page)
        assert answer.status_code == 200
        assert len(sent) <= MOST_STATEMENTS
    assert 'rel="next"' in ana.get("/bulk").text
    assert 'rel="next"' in ana.get(path).text


def test_the_list_tells_how_far_each_action_has_come(bulk: BulkDesk) -> None:
    ana = bulk.desk.browser(Role.OPERATOR, "ana")
    path = bulk.preview(ana, action="reject", all="yes", filter="")
    ana.post(f"{path}/confirm")
    bulk.work()
    bulk.desk.now += timedelta(hours=1)
    page = bulk.desk.browser(Role.VIEWER).get("/bulk").text
    assert '<td data-label="Done" class="num">3</td>' in page
    assert f'<a href="{path}">Reject refills</a>' in page
    assert "page ana" in page
