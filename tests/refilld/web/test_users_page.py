"""*Users*: what admins see and change, and that they cannot lock out the last one."""

from datetime import timedelta

import pytest

from monitor.model.role import Role
from refilld.services import users as user_actions
from storage import event_list, users
from storage.errors import WrongStateError
from storage.event_list import EventFilter
from storage.last_sign_ins import last_sign_ins
from storage.users import UserRow
from tests.pages import rows_of_list
from tests.refilld.web.desk_world import Browser, DeskWorld
from tests.refilld.web.statements import statements

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(desk: DeskWorld) -> Browser:
    browser = desk.browser(Role.ADMIN, "owner")
    browser.get("/users")
    return browser


def user(desk: DeskWorld, name: str) -> UserRow:
    with desk.database.read() as tx:
        return user_actions.existing(tx, name)


def said(browser: Browser) -> str:
    return browser.get("/users").text


def test_users_are_listed_with_their_last_sign_in_and_state(desk: DeskWorld) -> None:
    user_actions.add(desk.database, "alice", Role.VIEWER, PASSWORD, desk.now)
    browser = desk.browser(None)
    browser.get("/sign-in")
    browser.post("/sign-in/send", name="alice", password=PASSWORD)
    desk.now += timedelta(days=3)
    with desk.database.write() as tx:
        user_actions.disable(tx, "alice", desk.now)
    with desk.database.read() as tx:
        assert last_sign_ins(tx) == {"alice": desk.now - timedelta(days=3)}
    with statements() as sent:
        page = desk.browser(Role.ADMIN, "owner").get("/users").text
    assert len(sent) <= 30
    assert page.index("3d ago") > page.index("alice")
    assert "disabled</span>" in page
    assert "refilld user add NAME" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_nobody_but_an_admin_sees_or_changes_users(desk: DeskWorld, role: Role) -> None:
    browser = desk.browser(role)
    browser.get("/account")
    assert browser.get("/users").status_code == 403
    for action in ("role", "disable", "enable", "end-sessions"):
        assert browser.post(f"/users/{action}", name=str(role), role="admin").status_code == 403
    assert "/users" not in browser.get("/account").text
    assert user(desk, role).role is role


def test_another_role_ends_the_sessions_and_is_in_the_audit_trail(desk: DeskWorld, admin: Browser) -> None:
    operator = desk.browser(Role.OPERATOR, "bob")
    assert admin.post("/users/role", name="bob", role="viewer").status_code == 303
    assert "bob has the role viewer now" in said(admin)
    assert operator.get("/account").status_code == 303
    with desk.database.read() as tx:
        newest = rows_of_list(event_list.page, tx, EventFilter(jobs=False), 1)[0]
    assert (newest.kind, newest.actor) == ("user.role_changed", "page owner")
    admin.post("/users/role", name="bob", role="viewer")
    assert "bob has the role viewer already" in said(admin)
    assert admin.post("/users/role", name="bob", role="king").status_code == 404


def test_a_user_is_disabled_and_enabled_again(desk: DeskWorld, admin: Browser) -> None:
    bob = desk.browser(Role.OPERATOR, "bob")
    admin.post("/users/disable", name="bob")
    assert "bob is disabled; their sessions have ended." in said(admin)
    assert bob.get("/account").status_code == 303
    admin.post("/users/disable", name="bob")
    assert "user bob is disabled already." in said(admin)
    admin.post("/users/enable", name="bob")
    assert user(desk, "bob").disabled_at is None


def test_sessions_are_ended_but_not_ones_own(desk: DeskWorld, admin: Browser) -> None:
    bob, elsewhere = desk.browser(Role.OPERATOR, "bob"), desk.browser(Role.ADMIN, "owner")
    admin.post("/users/end-sessions", name="bob")
    admin.post("/users/end-sessions", name="owner")
    assert bob.get("/account").status_code == 303
    assert elsewhere.get("/account").status_code == 303
    assert "Your other sessions have ended." in said(admin)


@pytest.mark.parametrize(("action", "role"), [("disable", ""), ("role", "viewer")])
def test_the_last_admin_cannot_be_locked_out(desk: DeskWorld, admin: Browser, action: str, role: str) -> None:
    with desk.database.write() as tx:
        other = users.add(tx, "other", Role.ADMIN, "hash", desk.now)
        users.disable(tx, other, desk.now)
    admin.post(f"/users/{action}", name="owner", role=role)
    assert "owner is the last admin; give another user the role admin first." in said(admin)
    with desk.database.write() as tx:
        users.enable(tx, other, desk.now)
    admin.post(f"/users/{action}", name="owner", role=role)
    assert admin.get("/users").status_code == 303
    assert (user(desk, "owner").disabled_at, user(desk, "owner").role) != (None, Role.ADMIN)


def test_a_user_who_was_made_the_last_admin_meanwhile_is_not_locked_out(desk: DeskWorld) -> None:
    with desk.database.write() as tx:
        before = users.get(tx, users.add(tx, "ana", Role.VIEWER, "hash", desk.now))
        users.set_role(tx, before.user_id, Role.ADMIN, desk.now)
        with pytest.raises(WrongStateError, match="ana is the last admin"):
            user_actions.require_other_admin(tx, before)


def test_an_unknown_user_is_told(desk: DeskWorld, admin: Browser) -> None:
    admin.post("/users/disable", name="nobody" * 100)
    assert "there is no user nobodynobody" in said(admin)
