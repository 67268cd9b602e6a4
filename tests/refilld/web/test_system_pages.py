"""Webhooks, sources and the audit trail: what is shown to whom, and what admins and operators change."""

import re
from datetime import timedelta

from markupsafe import escape

from monitor.events.kind import EventKind
from monitor.model.role import Role
from monitor.model.target import Metric
from refilld.settings.settings import Settings
from storage import sources, webhook_log, webhooks
from storage.actor import Actor, acting
from tests.builders import NOW, an_order
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements
from tests.storage.shop import sell
from tests.storage.webhook_rows import REFUSED, an_endpoint, claim, dispatch, happen, record

MARKUP = "<script>alert(1)</script>"
SECRET = "https://hooks.test/in?key=hunter2"


def test_an_endpoint_is_shown_with_its_failure_and_its_url_to_admins_only(desk: DeskWorld) -> None:
    endpoint = an_endpoint(desk.database, SECRET)
    happen(desk.database, "graph")
    dispatch(desk.database, endpoint)
    record(desk.database, claim(desk.database, endpoint), REFUSED)
    with desk.database.write() as tx:
        webhooks.note_failure(tx, webhooks.get(tx, endpoint), NOW, None)
        trouble = webhook_log.troubles(tx, webhooks.listed(tx))[endpoint]
    own = f"/webhooks/{endpoint}"
    for path in ("/webhooks", own, f"{own}/deliveries/{trouble.delivery_id}"):
        page = desk.browser(Role.VIEWER).get(path).text
        assert "status 500" in page, path
        assert "hunter2" not in page
        assert SECRET in desk.browser(Role.ADMIN).get(path).text
    assert "failing" in desk.browser(Role.VIEWER).get("/webhooks").text


def test_only_an_admin_tests_an_endpoint_and_sends_messages_again(desk: DeskWorld) -> None:
    endpoint = an_endpoint(desk.database)
    path = f"/webhooks/{endpoint}"
    happen(desk.database, "graph", "other", at=desk.now)
    operator, admin = desk.browser(Role.OPERATOR), desk.browser(Role.ADMIN)
    assert "Send a test message" not in operator.get(path).text
    for action in ("test", "enable", "send-again"):
        assert operator.post(f"{path}/{action}").status_code == 403
    admin.get(path)
    tested = admin.post(f"{path}/test").location
    assert "webhook.test" in admin.get(tested).text
    asked = admin.post(f"{path}/send-again", since="24h", undelivered="yes")
    number = re.search(r"<dd>(\d+)</dd>", asked.text)
    assert number
    assert int(number[1]) >= 2
    since = re.search(r'name="since" value="([^"]+)"', asked.text)
    assert since
    with desk.database.read() as tx:
        assert webhook_log.pending(tx, endpoint) == 1
    admin.post(f"{path}/send-again", since=since[1], undelivered="yes", confirmed="yes")
    with desk.database.read() as tx:
        assert webhook_log.pending(tx, endpoint) == 1 + int(number[1])
    admin.post(f"{path}/send-again", since="soon")
    assert "neither a duration" in admin.get(path).text


def test_a_source_is_paused_with_a_reason_and_resumed(desk: DeskWorld) -> None:
    desk.settings = Settings.model_validate({"sources": {"instaloader": {"enabled": True}}})
    with desk.database.write() as tx:
        sources.note_requests(tx, "instaloader", desk.now - timedelta(minutes=5), 12)
        sources.note_reads(tx, {("instaloader", Metric.LIKES): desk.now - timedelta(hours=3)})
    browser = desk.browser(Role.OPERATOR)
    page = browser.get("/sources").text
    assert "12 of 30, 18 left" in page
    assert "3h ago" in page
    browser.post("/sources/pause", source="instaloader", **{"for": "2h"}, reason=MARKUP)
    page = browser.get("/sources").text
    assert "paused until 2026-11-29 14:00 UTC" in page
    assert f"operator: {escape(MARKUP)}" in page
    assert MARKUP not in page
    browser.post("/sources/pause", source="instaloader", **{"for": "1h"})
    assert "resume it first" in browser.get("/sources").text
    browser.post("/sources/pause", source="instaloader", **{"for": "often"})
    assert "is not a duration" in browser.get("/sources").text
    browser.post("/sources/resume", source="instaloader")
    assert "may look again" in browser.get("/sources").text
    assert browser.post("/sources/resume", source="nothing").status_code == 404
    viewer = desk.browser(Role.VIEWER)
    assert "Pause" not in viewer.get("/sources").text
    assert viewer.post("/sources/pause", source="instaloader").status_code == 403


def test_the_audit_trail_names_who_and_leaves_jobs_out_until_they_are_asked_for(desk: DeskWorld) -> None:
    with acting(Actor("job sampling")):
        happen(desk.database, "graph")
    with acting(Actor("cli root", "request-7")):
        sell(desk.database, an_order("17", provider=MARKUP))
        sell(desk.database, an_order("17", provider="north"))
    browser = desk.browser(Role.VIEWER)
    page = browser.get("/audit").text
    assert "cli root" in page
    assert "request-7" in page
    assert '<a href="/orders/17">17</a>' in page
    assert MARKUP not in page
    assert "job sampling" not in page
    assert "job sampling" in browser.get("/audit?actor_kind=job").text
    assert "1 change<" in browser.get(f"/audit?order_id=17&kind={EventKind.ORDER_UPDATED}").text
    assert "No change matches." in browser.get("/audit?actor_kind=token").text
    assert "is not known" in browser.get("/audit?actor_kind=root").text


def test_the_pages_need_few_statements(desk: DeskWorld) -> None:
    for number in range(8):
        endpoint = an_endpoint(desk.database, f"https://hooks.test/{number}")
    for path in ("/webhooks", f"/webhooks/{endpoint}", "/sources", "/audit"):
        browser = desk.browser(Role.VIEWER)
        with statements() as sent:
            assert browser.get(path).status_code == 200
        assert len(sent) <= 30, path
