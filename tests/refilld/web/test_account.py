"""One's own account: password, second factor, sessions; and nobody else's."""

import re
from datetime import timedelta

import pytest

from monitor.model.role import Role
from refilld.services import totp, users
from storage import event_list, user_sessions
from storage import users as user_rows
from storage.event_list import EventFilter
from tests.pages import rows_of_list
from tests.refilld.web.desk_world import COOKIE, Browser, DeskWorld

PASSWORD = "correct horse battery"
NEW = "another horse battery"


@pytest.fixture
def browser(desk: DeskWorld) -> Browser:
    """Of alice, who has signed in with her password."""
    users.add(desk.database, "alice", Role.VIEWER, PASSWORD, desk.now)
    browser = desk.browser(None)
    browser.get("/sign-in")
    browser.post("/sign-in/send", name="alice", password=PASSWORD)
    browser.get("/account")
    return browser


def sessions(desk: DeskWorld, name: str = "alice") -> list[int]:
    with desk.database.read() as tx:
        user = users.existing(tx, name)
        found = user_sessions.listed(tx, user.user_id, desk.settings.web.session_idle, desk.now)
    return [row.session_id for row in found]


def message(browser: Browser) -> str:
    """The message on the next page."""
    found = re.search(r'class="flash \w+" role="\w+">([^<]*)<', browser.get("/account").text)
    return found[1] if found else ""


def test_a_new_password_ends_all_other_sessions(desk: DeskWorld, browser: Browser) -> None:
    desk.browser(Role.VIEWER, "alice")
    before = browser.client.get_cookie(COOKIE)
    browser.post("/account/password", password=PASSWORD, new=NEW, again=NEW)
    assert browser.client.get_cookie(COOKIE) != before
    assert "password is changed" in message(browser)
    assert len(sessions(desk)) == 1
    with desk.database.read() as tx:
        newest = rows_of_list(event_list.page, tx, EventFilter(jobs=False), 1)[0]
    assert (newest.kind, newest.actor) == ("user.password_changed", "page alice")


@pytest.mark.parametrize(
    ("password", "new", "again", "words"),
    [
        (NEW, NEW, NEW, "password or code is wrong"),
        (PASSWORD, NEW, PASSWORD, "not the same"),
        (PASSWORD, "short", "short", "must have 12"),
        (PASSWORD, "alicealicealice", "alicealicealice", "too easy"),
    ],
)
def test_a_password_is_not_changed_by_mistake(
    desk: DeskWorld, browser: Browser, password: str, new: str, again: str, words: str
) -> None:
    browser.post("/account/password", password=password, new=new, again=again)
    assert words in message(browser)
    assert len(sessions(desk)) == 1


def test_a_second_factor_is_shown_once_and_proved_before_it_is_asked_for(
    desk: DeskWorld, browser: Browser
) -> None:
    page = browser.client.post(
        "/account/add-totp", data={"form_token": browser.token}, headers={"Origin": "http://localhost"}
    ).text
    found = re.search(r'name="secret" value="(\w+)"', page)
    assert found
    assert "<svg" in page
    now = int(desk.now.timestamp()) // 30
    browser.post("/account/confirm-totp", secret=found[1], new_code="000000", password=PASSWORD)
    assert "code is wrong" in message(browser)
    code = totp.code_at(found[1], now)
    browser.post("/account/confirm-totp", secret=found[1], new_code=code, password=PASSWORD)
    assert "asked for a code" in message(browser)
    assert found[1] not in browser.get("/account").text
    browser.post("/account/remove-totp", password=PASSWORD, code=code)
    assert "code is wrong" in message(browser)
    desk.now += timedelta(seconds=30)
    browser.post("/account/remove-totp", password=PASSWORD, code=totp.code_at(found[1], now + 1))
    assert browser.get("/account").status_code == 303
    with desk.database.read() as tx:
        assert user_rows.named(tx, "alice").totp_secret is None  # type: ignore[union-attr]


def test_sessions_are_ended_one_by_one_or_all_but_this_one(desk: DeskWorld, browser: Browser) -> None:
    mine = sessions(desk)
    for _ in range(3):
        desk.browser(Role.VIEWER, "alice")
    assert browser.get("/account").text.count("a browser") == 3
    browser.post("/account/end", session_id=max(sessions(desk)))
    assert len(sessions(desk)) == 3
    browser.post("/account/end-others")
    assert sessions(desk) == mine


@pytest.mark.parametrize("chosen", ["", "x", "-1", "9" * 30, None])
def test_the_session_of_somebody_else_is_not_ended(
    desk: DeskWorld, browser: Browser, chosen: str | None
) -> None:
    desk.browser(Role.ADMIN)
    (theirs,) = sessions(desk, "admin")
    assert browser.post("/account/end", session_id=theirs if chosen is None else chosen).status_code == 404
    assert sessions(desk, "admin") == [theirs]
