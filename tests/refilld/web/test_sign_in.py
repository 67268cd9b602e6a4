"""Signing in: sessions begin anew, end when they should, and wrong attempts are limited."""

from datetime import timedelta

import pytest

from monitor.model.role import Role
from refilld.services import passwords, totp, users
from refilld.services.passwords import LONGEST, OF_NOBODY
from storage import event_list, sign_in_attempts
from storage import users as user_rows
from storage.event_list import EventFilter
from tests.pages import rows_of_list
from tests.refilld.web.desk_world import COOKIE, Browser, DeskWorld

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"


@pytest.fixture
def alice(desk: DeskWorld) -> int:
    return users.add(desk.database, "Alice", Role.OPERATOR, PASSWORD, desk.now).user_id


def attempt(browser: Browser, password: str = PASSWORD, name: str = "alice", **more: str) -> int:
    """Sign in; the status of the answer."""
    browser.get("/sign-in")
    return browser.post("/sign-in/send", name=name, password=password, **more).status_code


def cookie(browser: Browser) -> str:
    found = browser.client.get_cookie(COOKIE)
    return found.value if found else ""


def test_who_signs_in_gets_a_session_of_their_own_and_comes_back(desk: DeskWorld, alice: int) -> None:
    browser = desk.browser(None)
    browser.get("/sign-in?next=/settings")
    before = cookie(browser)
    answer = browser.post("/sign-in/send", name="ALICE ", password=PASSWORD, next="/settings")
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert cookie(browser) != before
    assert browser.get("/settings").status_code == 200
    with desk.database.read() as tx:
        newest = rows_of_list(event_list.page, tx, EventFilter(jobs=False), 1)[0]
    assert (newest.kind, newest.actor) == ("user.signed_in", "page alice")


def test_a_value_that_somebody_planted_is_never_a_session(desk: DeskWorld, alice: int) -> None:
    browser, planted = desk.browser(None), "A" * 43
    browser.client.set_cookie(COOKIE, planted)
    assert attempt(browser) == 303
    assert cookie(browser) != planted
    attacker = desk.browser(None)
    attacker.client.set_cookie(COOKIE, planted)
    assert attacker.get("/settings").status_code == 303


def test_the_cookie_is_read_by_no_script_and_sent_by_https_only(desk: DeskWorld, alice: int) -> None:
    assert desk.browser(None).get("/sign-in").headers["Set-Cookie"].endswith("HttpOnly; Path=/; SameSite=Lax")
    desk.settings = desk.settings.model_validate({"web": {"public_url": "https://desk.example.com"}})
    sent = desk.browser(None).get("/sign-in").headers["Set-Cookie"]
    assert sent.startswith("__Host-refilld=")
    assert sent.endswith("Secure; HttpOnly; Path=/; SameSite=Lax")
    assert "Domain" not in sent


def test_wrong_and_unknown_and_disabled_are_refused_in_the_same_words(desk: DeskWorld, alice: int) -> None:
    browser = desk.browser(None)
    browser.get("/sign-in")
    wrong = browser.post("/sign-in/send", name="alice", password=WRONG).text
    unknown = browser.post("/sign-in/send", name="alicf", password=WRONG).text
    with desk.database.write() as tx:
        users.disable(tx, "alice", desk.now)
    disabled = browser.post("/sign-in/send", name="alice", password=PASSWORD).text
    texts = {text.replace("alicf", "alice").partition("form_token")[0] for text in (wrong, unknown, disabled)}
    assert len(texts) == 1
    assert "Name, password or code is wrong." in texts.pop()


def test_an_unknown_name_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash of the same cost is verified for each, by the same code."""
    verified: list[str] = []

    def matches(password_hash: str, _: str) -> bool:
        verified.append(password_hash)
        return True

    monkeypatch.setattr(passwords, "_matches", matches)
    assert not passwords.verified(None, PASSWORD)
    assert verified == [OF_NOBODY]
    assert not passwords.is_outdated(OF_NOBODY)


def test_no_more_attempts_are_accepted_for_a_name_after_ten(desk: DeskWorld, alice: int) -> None:
    for _ in range(sign_in_attempts.PER_NAME):
        with desk.database.write() as tx:
            assert sign_in_attempts.begin(tx, "alice", "192.0.2.1", desk.now) is not None
    browser = desk.browser(None)
    assert attempt(browser) == 429
    assert attempt(browser, name="bob") == 401
    desk.now += sign_in_attempts.WINDOW
    assert attempt(browser) == 303
    with desk.database.read() as tx:
        assert [str(row.kind) for row in rows_of_list(event_list.page, tx, EventFilter(jobs=False), 9)].count(
            "sign_in.limited"
        ) == 1


def test_nothing_is_hashed_once_a_limit_is_reached(
    desk: DeskWorld, alice: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.database.write() as tx:
        for number in range(sign_in_attempts.PER_PEER):
            sign_in_attempts.begin(tx, f"name{number}", "127.0.0.1", desk.now)
    monkeypatch.setattr(passwords, "verified", None)
    assert attempt(desk.browser(None)) == 429


def test_a_new_password_lifts_the_limit(desk: DeskWorld, alice: int) -> None:
    with desk.database.write() as tx:
        for _ in range(sign_in_attempts.PER_NAME):
            sign_in_attempts.begin(tx, "alice", "192.0.2.1", desk.now)
    users.set_password(desk.database, "alice", WRONG, desk.now)
    assert attempt(desk.browser(None), WRONG) == 303


def test_a_code_is_needed_and_is_used_once(desk: DeskWorld, alice: int) -> None:
    secret = totp.new_secret()
    now = int(desk.now.timestamp()) // 30
    with desk.database.write() as tx:
        user_rows.set_totp(tx, alice, secret, now - 1, desk.now)
    code = totp.code_at(secret, now)
    assert attempt(desk.browser(None)) == 401
    assert attempt(desk.browser(None), code="000000") == 401
    assert attempt(desk.browser(None), code=totp.code_at(secret, now - 1)) == 401
    assert attempt(desk.browser(None), code=f"{code[:3]} {code[3:]}") == 303
    assert attempt(desk.browser(None), code=code) == 401


def end_by(name: str, desk: DeskWorld) -> None:
    """End what a session of `operator` rests on."""
    with desk.database.write() as tx:
        if name == "disabled":
            users.disable(tx, "operator", desk.now)
        elif name == "role":
            users.set_role(tx, "operator", Role.ADMIN, desk.now)
    if name == "password":
        users.set_password(desk.database, "operator", PASSWORD, desk.now)
    elif name == "idle":
        desk.now += desk.settings.web.session_idle


@pytest.mark.parametrize("cause", ["disabled", "role", "password", "idle"])
def test_a_session_ends_with_what_it_rests_on(desk: DeskWorld, cause: str) -> None:
    browser = desk.browser(Role.OPERATOR)
    assert browser.get("/settings").status_code == 200
    end_by(cause, desk)
    assert browser.get("/settings").status_code == 303


def test_a_session_lasts_while_it_is_used_but_no_longer_than_its_lifetime(desk: DeskWorld) -> None:
    browser, begun = desk.browser(Role.OPERATOR), desk.now
    while desk.now - begun < desk.settings.web.session_lifetime:
        assert browser.get("/settings").status_code == 200
        desk.now += timedelta(hours=8)
    assert browser.get("/settings").status_code == 303


def test_who_signs_out_is_signed_out_on_the_server_too(desk: DeskWorld) -> None:
    browser = desk.browser()
    value = cookie(browser)
    browser.get("/account")
    assert browser.post("/account/sign-out").location == "/sign-in"
    assert cookie(browser) == ""
    browser.client.set_cookie(COOKIE, value)
    assert browser.get("/settings").status_code == 303


def test_passwords_at_the_same_time_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """And give up, so that no thread of the server waits for long."""
    monkeypatch.setattr(passwords, "PATIENCE", 0.01)
    with passwords._turn(), passwords._turn(), pytest.raises(passwords.PasswordsBusyError):
        passwords.verified(OF_NOBODY, "x" * 10 * LONGEST)
    assert passwords.verified(OF_NOBODY, "x" * 40)


def test_how_the_first_user_is_made_is_told_until_there_is_one(desk: DeskWorld) -> None:
    browser = desk.browser(None)
    assert "refilld user add NAME" in browser.get("/sign-in").text
    users.add(desk.database, "Alice", Role.OPERATOR, PASSWORD, desk.now)
    assert "refilld user add" not in browser.get("/sign-in").text
