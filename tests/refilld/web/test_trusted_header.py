"""Sign-in by the header of a proxy: from listed peers only, with a role for each group."""

import pytest
from pydantic import ValidationError

from monitor.model.role import Role
from refilld.settings.settings import Settings
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.registry import PAGES
from storage import event_list, users
from storage.event_list import EventFilter
from tests.pages import rows_of_list
from tests.refilld.web.desk_world import DeskWorld

HEADER = {
    "user": "X-User",
    "groups": "X-Groups",
    "peers": ["10.0.0.0/8"],
    "roles": {"staff": "viewer", "owners": "admin"},
}
PROXY, STRANGER = {"REMOTE_ADDR": "10.1.2.3"}, {"REMOTE_ADDR": "192.0.2.1"}


def _add(context: PageContext) -> Answer:
    with context.database.write() as tx:
        users.add(tx, "bob", Role.VIEWER, "hash", context.now)
    return context.done("added", "/acting")


def _show(context: PageContext) -> Answer:
    return context.render("account_totp.html", secret="", picture="")


ACTING = DeskPage("acting", "/acting", "Acting", _show, actions=(PageAction("add", _add),))
"""A page with a form, which changes something."""


@pytest.fixture
def desk(desk: DeskWorld) -> DeskWorld:
    desk.settings = Settings.model_validate({"web": {"trusted_header": HEADER}})
    return desk


def status(desk: DeskWorld, peer: dict[str, str] = PROXY, **headers: str) -> int:
    sent = {"Host" if name == "host" else f"X-{name.title()}": value for name, value in headers.items()}
    return desk.browser(None).get("/settings", headers=sent, environ_base=peer).status_code


def test_a_listed_proxy_is_believed(desk: DeskWorld) -> None:
    page = desk.browser(None).get(
        "/account", headers={"X-User": "Alice B", "X-Groups": "others, owners"}, environ_base=PROXY
    )
    assert page.status_code == 200
    assert "Alice B, admin" in page.text
    assert "Sign out<" not in page.text


@pytest.mark.parametrize("peer", [STRANGER, {"REMOTE_ADDR": "::1"}, {"REMOTE_ADDR": ""}])
def test_nobody_else_is_believed(desk: DeskWorld, peer: dict[str, str]) -> None:
    assert status(desk, peer, user="alice", groups="owners") == 303


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("evil.example", 403),
        ("evil.example:8080", 403),
        ("127.0.0.1.evil.example", 403),
        ("desk.example.com.evil.example", 403),
        ("desk.example.com", 200),
        ("DESK.example.com:443", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("refilld:8080", 200),
    ],
)
def test_a_domain_that_somebody_points_here_gets_no_sign_in(
    desk: DeskWorld, host: str, expected: int
) -> None:
    """A browser on the proxy's machine sends the headers that a page of this domain wants."""
    web = {"public_url": "https://desk.example.com", "trusted_header": HEADER}
    desk.settings = Settings.model_validate({"web": web})
    assert status(desk, user="alice", groups="owners", host=host) == expected


def test_an_address_in_the_form_of_ipv6_is_the_same(desk: DeskWorld) -> None:
    assert status(desk, {"REMOTE_ADDR": "::ffff:10.1.2.3"}, user="alice", groups="staff") == 200


@pytest.mark.parametrize("groups", ["", "others", "own", "owners-not", "OWNERS"])
def test_who_has_no_group_with_a_role_is_refused(desk: DeskWorld, groups: str) -> None:
    assert status(desk, user="alice", groups=groups) == 403


@pytest.mark.parametrize("groups", ["staff", "others,staff", "others;staff", "others|staff", "staff, others"])
def test_groups_are_separated_as_proxies_do(desk: DeskWorld, groups: str) -> None:
    assert status(desk, user="alice", groups=groups) == 200


@pytest.mark.parametrize("name", ["alice,root", "x" * 101, "\N{RIGHT-TO-LEFT OVERRIDE}alice"])
def test_a_name_that_two_senders_may_have_set_is_refused(desk: DeskWorld, name: str) -> None:
    """A proxy that adds its header to one of the browser makes a list of both."""
    sent = name.encode().decode("latin-1")
    assert status(desk, user=sent, groups="owners") in {400, 403}


def test_without_the_header_there_is_the_usual_sign_in(desk: DeskWorld) -> None:
    assert status(desk) == 303
    assert desk.browser(Role.VIEWER).get("/settings", environ_base=PROXY).status_code == 200


def test_a_header_without_peers_or_roles_is_a_wrong_configuration() -> None:
    for missing in ("peers", "groups", "roles"):
        section = {name: value for name, value in HEADER.items() if name != missing}
        with pytest.raises(ValidationError):
            Settings.model_validate({"web": {"trusted_header": section}})


def test_their_forms_are_bound_to_their_browser_and_the_audit_names_them(desk: DeskWorld) -> None:
    desk.pages = (*PAGES, ACTING)
    browser, proxy = desk.browser(None), {"X-User": "alice", "X-Groups": "owners"}
    sent = {"headers": proxy | {"Origin": "http://localhost"}, "environ_base": PROXY}
    assert "form_token" in browser.get("/acting", headers=proxy, environ_base=PROXY).text
    assert browser.client.post("/acting/add", **sent).status_code == 403
    assert browser.client.post("/acting/add", data={"form_token": browser.token}, **sent).status_code == 303
    with desk.database.read() as tx:
        assert rows_of_list(event_list.page, tx, EventFilter(jobs=False), 1)[0].actor == "page alice"
