"""Every page needs a role, every form a token of ours; nobody else's form is accepted."""

from collections.abc import Iterator

import pytest
from flask import Flask

from monitor.model.role import Role
from refilld.web.access import PUBLIC, own_path
from refilld.web.form_token import form_token, is_valid
from refilld.web.page import Answer, DeskPage, PageAction, PageContext
from refilld.web.pages import account
from refilld.web.registry import PAGES
from tests.refilld.web.desk_world import ORIGIN, DeskWorld

OWN = {f"account.{action.name}" for action in account.PAGE.actions}
"""What everybody may do with their own account."""
FORM = {"Origin": ORIGIN}


def _note(context: PageContext) -> Answer:
    return context.done("noted", "/settings")


ACTING = DeskPage("acting", "/acting", "Acting", lambda _: "", actions=(PageAction("note", _note),))
"""A page with a form for operators."""


def routes(app: Flask, method: str) -> Iterator[tuple[str, str]]:
    """The endpoint and an example of the path of every route that answers this method."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or set()) and rule.endpoint not in PUBLIC:
            arguments = dict.fromkeys(rule.arguments, "1")
            yield rule.endpoint, app.url_map.bind("localhost").build(rule.endpoint, arguments, method=method)


def test_every_page_needs_a_sign_in_and_leads_back(desk: DeskWorld) -> None:
    found = list(routes(desk.app(), "GET"))
    assert ("settings", "/settings") in found
    for _, path in found:
        answer = desk.browser(None).get(path)
        assert answer.status_code == 303, path
        assert answer.location == ("/sign-in" if path == "/" else f"/sign-in?next={path}")


def test_every_form_needs_a_sign_in_a_token_and_a_role(desk: DeskWorld) -> None:
    desk.pages = (*PAGES, ACTING)
    app, viewer, admin = desk.app(), desk.browser(Role.VIEWER), desk.browser(Role.ADMIN)
    stranger = desk.browser(None)
    stranger.get("/sign-in")
    viewer.get("/account")
    for endpoint, path in routes(app, "POST"):
        assert stranger.post(path).location == "/sign-in", path
        assert admin.client.post(path, headers=FORM).status_code == 403, path
        if endpoint not in OWN:
            assert viewer.post(path).status_code == 403, path


def test_a_role_includes_those_below_it(desk: DeskWorld) -> None:
    desk.pages = (*PAGES, ACTING)
    for role, status in ((Role.VIEWER, 403), (Role.OPERATOR, 303), (Role.ADMIN, 303)):
        browser = desk.browser(role)
        browser.get("/account")
        assert browser.post("/acting/note").status_code == status


def test_a_message_is_shown_once(desk: DeskWorld) -> None:
    desk.pages = (*PAGES, ACTING)
    browser = desk.browser(Role.OPERATOR)
    browser.get("/account")
    browser.post("/acting/note")
    assert "noted" in browser.get("/settings").text
    assert "noted" not in browser.get("/settings").text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(desk: DeskWorld, headers: dict[str, str]) -> None:
    browser = desk.browser()
    browser.get("/account")
    sent = {"form_token": browser.token}
    assert browser.client.post("/account/end-others", data=sent, headers=headers).status_code == 403
    assert browser.client.post("/account/end-others", data=sent, headers=FORM).status_code == 303


def test_behind_a_proxy_the_origin_is_that_of_the_public_url(desk: DeskWorld) -> None:
    desk.settings = desk.settings.model_validate({"web": {"public_url": "http://127.0.0.1:9000"}})
    browser = desk.browser()
    browser.get("/account")
    sent = {"form_token": browser.token}
    own = {"Origin": "http://127.0.0.1:9000"}
    refused = browser.client.post("/account/end-others", data=sent, headers=FORM)
    assert (refused.status_code, "http://127.0.0.1:9000" in refused.text) == (403, True)
    assert browser.client.post("/account/end-others", data=sent, headers=own).status_code == 303


def test_a_form_of_another_session_is_refused(desk: DeskWorld) -> None:
    browser, other = desk.browser(Role.ADMIN), desk.browser(Role.VIEWER)
    other.get("/account")
    browser.token = other.token
    assert browser.post("/account/end-others").status_code == 403


@pytest.mark.parametrize("token", ["", "x", "AAAA", "\N{SNOWMAN}", "A" * 86 + "=="])
def test_a_forged_token_is_invalid(token: str) -> None:
    assert not is_valid(token, "secret")
    assert is_valid(form_token("secret"), "secret")
    assert not is_valid(form_token("other"), "secret")


def test_the_tokens_of_two_pages_have_nothing_in_common(desk: DeskWorld) -> None:
    """The size of a compressed page must not reveal them."""
    assert form_token("secret") != form_token("secret")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil",
        "",
        "/\n/evil",
        "/\t/evil",
        pytest.param("/" + "x" * 4_000, id="long"),
    ],
)
def test_a_sign_in_leads_to_no_other_site(path: str) -> None:
    assert own_path(path) == "/"
    assert own_path("/drops?state=held") == "/drops?state=held"


def test_a_part_of_a_page_is_not_replaced_by_the_sign_in(desk: DeskWorld) -> None:
    answer = desk.browser(None).get("/settings", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.text) == (401, "/sign-in", "")


def test_a_nul_in_a_form_or_a_path_is_refused(desk: DeskWorld) -> None:
    """PostgreSQL can store none, so each would be an error of the program."""
    admin = desk.browser(Role.ADMIN)
    admin.get("/account")
    for path, fields in (
        ("/sign-in/send", {"name": "a\0b"}),
        ("/users/disable", {"name": "a\0b"}),
        ("/bulk/preview", {"subject": "orders", "action": "check", "id": ["1", "a\0b"]}),
        ("/bulk/preview", {"a\0b": "1"}),
    ):
        answer = admin.post(path, **fields)
        assert answer.status_code == 400, path
        assert "NUL" in answer.text
    assert admin.get("/orders/%00").status_code == 404
    assert admin.post("/orders/a%00b/check").status_code == 404
