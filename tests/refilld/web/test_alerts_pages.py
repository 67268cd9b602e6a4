"""Alerts and silences: what fires, who was told of it and why, and what operators do about it."""

import html
import re
from datetime import timedelta

import pytest
from markupsafe import escape

from jobs.bulk_actions import BulkActions
from monitor.events.kind import EventKind
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.role import Role
from storage import event_list, silences
from storage.event_list import EventFilter
from storage.pages import PageRequest
from tests.jobs.alert_world import AlertWorld
from tests.refilld.web.desk_world import DeskWorld
from tests.refilld.web.statements import statements

MARKUP = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}"
SILENCE = {"matchers": 'kind="source.blocked"', "ends": "2h", "comment": "we know", "unmatched": ""}


@pytest.fixture
def alerts(desk: DeskWorld) -> AlertWorld:
    return AlertWorld(desk.database, now=desk.now)


def last_event(desk: DeskWorld) -> tuple[str, str]:
    with desk.database.read() as tx:
        row = event_list.page(tx, EventFilter(), PageRequest(1)).rows[0]
    return row.kind, row.actor


def test_what_fires_is_shown_first_with_what_was_told(desk: DeskWorld, alerts: AlertWorld) -> None:
    alerts.happen(EventKind.TARGET_PRIVATE, "a private profile", problem="p")
    alert_id = alerts.block("graph")
    alerts.run_for(timedelta(minutes=2))
    desk.now = alerts.now
    page = desk.browser(Role.VIEWER).get("/alerts").text
    assert page.index(f'href="/alerts/{alert_id}"') < page.index("a private profile")
    assert "told: the receiver did not know of it" in page
    assert "2 alerts fire." in page
    assert "Acknowledge</button>" not in page
    alerts.unblock("graph")
    alerts.run_for(timedelta(minutes=10))
    assert "1 alert fires." in desk.browser(Role.VIEWER).get("/alerts").text


def test_the_list_follows_its_filter_and_names_what_is_wrong_with_it(
    desk: DeskWorld, alerts: AlertWorld
) -> None:
    alerts.block("graph")
    alerts.hold("order 7 is held", order_id="7")
    browser = desk.browser(Role.VIEWER)
    page = browser.get("/alerts?severity=warning").text
    assert "order 7 is held" in page
    assert "source.blocked</a>" not in page
    assert "1 alert<" in page
    assert "Firing now" not in page
    assert escape("since: 'soon' is neither") in browser.get("/alerts?since=soon").text
    assert "No alert matches." in browser.get("/alerts?order_id=8").text


def test_a_long_list_has_pages(desk: DeskWorld, alerts: AlertWorld) -> None:
    for number in range(60):
        alerts.hold(f"held no. {number}.")
    browser = desk.browser(Role.VIEWER)
    first = browser.get("/alerts?severity=warning").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = browser.get(html.unescape(older[1])).text
    assert "held no. 9." in second
    assert "held no. 10." not in second
    assert "held no. 10." in first
    assert "60 alerts" in second
    assert 'rel="prev"' in second


def test_an_alert_explains_who_was_told_and_what_keeps_it_back(desk: DeskWorld, alerts: AlertWorld) -> None:
    browser = desk.browser(Role.OPERATOR)
    browser.get("/silences")
    browser.post("/silences/add", **SILENCE)
    alert_id = alerts.block("graph")
    not_routed = browser.get(f"/alerts/{alert_id}").text
    assert "not routed yet" in not_routed
    alerts.run_for(timedelta(minutes=2))
    desk.now = alerts.now
    page = browser.get(f"/alerts/{alert_id}").text
    assert escape("not told: an operator's silence matches") in page
    assert "operator: we know" in page
    assert "No message has told it." in page


def test_an_operator_acknowledges_a_problem_that_lasts(desk: DeskWorld, alerts: AlertWorld) -> None:
    alert_id = alerts.block("graph")
    alerts.run_for(timedelta(minutes=2))
    browser = desk.browser(Role.OPERATOR, "olga")
    browser.get("/alerts")
    answer = browser.post(f"/alerts/{alert_id}/acknowledge", back="/alerts")
    assert answer.location == "/alerts"
    assert last_event(desk) == (EventKind.ALERT_ACKNOWLEDGED, "page olga")
    page = browser.get("/alerts").text
    assert "it is not repeated" in page
    assert "olga knows of it" in page
    assert browser.post(f"/alerts/{alert_id}/acknowledge", back="//evil").location == "/"
    assert "acknowledged already" in browser.get(f"/alerts/{alert_id}").text


def test_several_problems_are_acknowledged_at_once(desk: DeskWorld, alerts: AlertWorld) -> None:
    """What nothing repeats is left out; the second operator sees who was faster."""
    told_once, blocked, other = alerts.hold("held"), alerts.block("graph"), alerts.block("other")
    alerts.run_for(timedelta(minutes=2))
    desk.now = alerts.now
    olga, ben = (desk.browser(Role.OPERATOR, name) for name in ("olga", "ben"))
    form = {"subject": "alerts", "action": "acknowledge", "back": "/alerts", "id": [told_once, blocked]}
    paths = []
    for browser in (olga, ben):
        assert f'value="{blocked}" form="selection"' in browser.get("/alerts").text
        paths.append(browser.post("/bulk/preview", **form).location)
        browser.post(f"{paths[-1]}/confirm")
    assert "told once: nothing repeats it" in olga.get(paths[0]).text
    BulkActions(desk.database, desk.clock, QueueRules()).run_once()
    assert f"alert {blocked} was acknowledged already, by olga" in ben.get(paths[1]).text
    page = olga.get("/alerts").text
    assert page.count("olga knows of it") == 1
    assert f'action="/alerts/{other}/acknowledge"' in page


def test_a_viewer_changes_nothing(desk: DeskWorld, alerts: AlertWorld) -> None:
    alert_id = alerts.block("graph")
    alerts.run_for(timedelta(minutes=2))
    browser = desk.browser(Role.VIEWER)
    assert "Acknowledge" not in browser.get(f"/alerts/{alert_id}").text
    assert "New silence" not in browser.get("/silences").text
    for path in (f"/alerts/{alert_id}/acknowledge", "/silences/add", "/silences/expire", "/silences/preview"):
        assert browser.post(path).status_code == 403, path


@pytest.mark.parametrize("alert_id", ["0", "9" * 19, "1.5", "-1"])
def test_an_unknown_alert_is_not_found(desk: DeskWorld, alert_id: str) -> None:
    assert desk.browser().get(f"/alerts/{alert_id}").status_code == 404


def test_a_silence_is_tried_made_and_ended(desk: DeskWorld, alerts: AlertWorld) -> None:
    alert_id = alerts.block("graph")
    alerts.run_for(timedelta(minutes=2))
    desk.now = alerts.now
    browser = desk.browser(Role.OPERATOR, "olga")
    found = re.search(r'href="(/silences\?[^"]+)"', browser.get(f"/alerts/{alert_id}").text)
    assert found
    page = browser.get(html.unescape(found[1]).partition("#")[0]).text
    assert escape('kind="source.blocked", source="graph"') in page
    assert "It matches 1 of 1 alerts" in page
    tried = browser.post("/silences/preview", **SILENCE | {"matchers": 'kind="drop.held"'})
    assert "It matches nothing that fires now." in tried.text
    assert 'value="we know"' in tried.text
    browser.post("/silences/add", **SILENCE)
    with desk.database.read() as tx:
        (made,) = silences.current(tx, desk.now)
    assert (made.author, made.ends_at) == ("olga", desk.now + timedelta(hours=2))
    assert last_event(desk) == (EventKind.SILENCE_ADDED, "page olga")
    browser.get("/silences")
    browser.post("/silences/expire", silence_id=made.silence_id)
    assert "Nothing is silenced." in browser.get("/silences").text
    for wrong in (made.silence_id, "x"):
        assert browser.post("/silences/expire", silence_id=wrong).location == "/silences"
        assert '<p class="flash refused"' in browser.get("/silences").text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"matchers": "kind"}, "is not a matcher"),
        ({"matchers": 'colour="red"'}, "there is no label"),
        ({"matchers": 'kind=~"("'}, "matchers:"),
        ({"ends": "soon"}, "neither a duration"),
        ({"ends": "0s"}, "over already"),
        ({"ends": "2020-01-01T00:00Z"}, "over already"),
        ({"comment": " "}, "say why"),
        ({"comment": "a\x1bb"}, "control characters"),
        ({"unmatched": "often"}, "is not a duration"),
    ],
)
def test_a_wrong_silence_is_refused_and_what_was_typed_is_kept(
    desk: DeskWorld, wrong: dict[str, str], words: str
) -> None:
    browser = desk.browser(Role.OPERATOR)
    browser.get("/silences")
    answer = browser.post("/silences/add", **SILENCE | wrong)
    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    for name, value in (SILENCE | wrong).items():
        assert value in html.unescape(answer.text), name
    with desk.database.read() as tx:
        assert silences.current(tx, desk.now) == ()


def test_what_names_and_texts_contain_is_text(desk: DeskWorld, alerts: AlertWorld) -> None:
    alert_id = alerts.happen(EventKind.TARGET_PRIVATE, MARKUP, problem="p", provider=MARKUP)
    alerts.run_for(timedelta(minutes=2))
    desk.now = alerts.now
    browser = desk.browser(Role.OPERATOR)
    browser.get("/silences")
    browser.post("/silences/add", **SILENCE | {"matchers": f'provider="{MARKUP}"', "comment": MARKUP})
    for path in ("/alerts", f"/alerts/{alert_id}", "/silences"):
        page = browser.get(path).text
        assert MARKUP[:8] not in page, path
        assert escape(MARKUP[:8]) in page, path


def test_the_pages_need_few_statements_however_much_they_show(desk: DeskWorld, alerts: AlertWorld) -> None:
    for number in range(30):
        alerts.block(f"source {number}")
    alerts.run_for(timedelta(minutes=2))
    browser = desk.browser(Role.VIEWER)
    for path in ("/alerts", "/alerts/1", '/silences?matchers=kind%3D"source.blocked"'):
        with statements() as sent:
            assert browser.get(path).status_code == 200
        assert len(sent) <= 30, path
