"""Sign-in at an OpenID provider: who comes back with its signature gets a session, and nobody else."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey
from pydantic import ValidationError

from monitor.model.role import Role
from refilld.doctor import oidc as doctor
from refilld.doctor.finding import FindingLevel
from refilld.oidc.attempt import LONGEST
from refilld.services import users
from refilld.settings.settings import Settings
from refilld.web.security_headers import CONTENT_SECURITY_POLICY
from storage import event_list
from storage import users as user_rows
from storage.event_list import EventFilter
from tests.pages import rows_of_list
from tests.refilld.web.desk_world import COOKIE, Browser, DeskWorld
from tests.refilld.web.oidc_provider import CLIENT, SECRET, OidcProvider, oidc_provider

PASSWORD = "correct horse battery"


@pytest.fixture
def provider(desk: DeskWorld, tmp_path: Path) -> Iterator[OidcProvider]:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    with oidc_provider(int(desk.now.timestamp())) as found:
        section = {
            "issuer": found.issuer,
            "client_id": CLIENT,
            "client_secret_file": str(secret),
            "roles": {"staff": "operator", "owners": "admin"},
        }
        desk.settings = Settings.model_validate({"web": {"public_url": "http://localhost", "oidc": section}})
        yield found


def begin(browser: Browser, wanted: str = "/settings") -> str:
    """Follow the link of the sign-in page; the URL of the provider."""
    answer = browser.get(f"/sign-in/oidc?next={wanted}")
    assert answer.status_code == 303
    return answer.location


def back(browser: Browser, provider: OidcProvider, wanted: str = "/settings") -> Any:
    """Sign in there and come back."""
    return browser.get(provider.authorize(begin(browser, wanted)))


def refusal(answer: Any) -> str:
    found = re.search(r'class="flash refused" role="alert">([^<]*)<', answer.text)
    return found[1] if found else ""


def test_who_signs_in_there_gets_a_session_and_the_role_of_their_groups(
    desk: DeskWorld, provider: OidcProvider
) -> None:
    browser = desk.browser(None)
    page = browser.get("/sign-in?next=/settings")
    assert 'href="/sign-in/oidc?next=/settings">Sign in at 127.0.0.1' in page.text
    before = browser.client.get_cookie(COOKIE)
    answer = back(browser, provider)
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert browser.client.get_cookie(COOKIE) != before
    account = browser.get("/account").text
    assert "alice, operator" in account
    assert "Your provider signs you in" in account
    with desk.database.read() as tx:
        kinds = [
            (str(row.kind), row.actor)
            for row in rows_of_list(event_list.page, tx, EventFilter(jobs=False), 9)
        ]
    assert kinds == [("user.signed_in", "page alice"), ("user.added", "page alice")]


def test_the_secret_of_the_client_may_be_sent_in_the_form(desk: DeskWorld, provider: OidcProvider) -> None:
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert back(desk.browser(None), provider).status_code == 303


def test_name_and_groups_may_be_in_the_userinfo(desk: DeskWorld, provider: OidcProvider) -> None:
    provider.by_userinfo = True
    assert back(desk.browser(None), provider).status_code == 303
    provider.person = provider.person | {"sub": "18"}
    provider.claims = {"sub": "17"}
    assert back(desk.browser(None), provider).status_code == 502


def test_the_role_follows_the_groups_at_the_next_sign_in(desk: DeskWorld, provider: OidcProvider) -> None:
    first, second = desk.browser(None), desk.browser(None)
    back(first, provider)
    provider.person["groups"] = ["others", "owners"]
    provider.person["preferred_username"] = "renamed"
    back(second, provider)
    assert "alice, admin" in second.get("/account").text
    assert first.get("/account").status_code == 303
    provider.person["groups"] = ["others"]
    assert refusal(back(desk.browser(None), provider)).startswith("None of your groups has a role here")


def another_name(desk: DeskWorld, provider: OidcProvider) -> None:
    provider.person["preferred_username"] = "<b>"


def a_taken_name(desk: DeskWorld, provider: OidcProvider) -> None:
    users.add(desk.database, "alice", Role.ADMIN, PASSWORD, desk.now)


def disabled(desk: DeskWorld, provider: OidcProvider) -> None:
    assert back(desk.browser(None), provider).status_code == 303
    with desk.database.write() as tx:
        users.disable(tx, "alice", desk.now)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (another_name, "a name that cannot be used here"),
        (a_taken_name, "Another user has your name here"),
        (disabled, "You are disabled here"),
    ],
)
def test_who_may_not_come_in_is_told_why(
    desk: DeskWorld, provider: OidcProvider, cause: Callable[[DeskWorld, OidcProvider], None], words: str
) -> None:
    cause(desk, provider)
    browser = desk.browser(None)
    answer = back(browser, provider)
    assert answer.status_code == 403
    assert words in refusal(answer)
    assert browser.get("/settings").status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://another.example.com"},
        {"exp": 1},
        {"exp": None},
        {"iat": 99_999_999_999},
        {"sub": None},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    desk: DeskWorld, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    browser = desk.browser(None)
    assert back(browser, provider).status_code == 502
    assert browser.get("/settings").status_code == 303


def test_an_id_token_that_another_key_has_signed_is_refused(desk: DeskWorld, provider: OidcProvider) -> None:
    provider.signs_with = ECKey.generate_key("P-256", {"kid": "first"})
    assert back(desk.browser(None), provider).status_code == 502


def test_a_callback_is_accepted_from_the_browser_that_began_only_once_and_soon(
    desk: DeskWorld, provider: OidcProvider
) -> None:
    victim, attacker = desk.browser(None), desk.browser(None)
    url = provider.authorize(begin(attacker))
    assert victim.get(url).status_code == 400
    begin(victim)
    assert victim.get(url).status_code == 400
    assert attacker.get(url).status_code == 303
    assert attacker.get(url).status_code == 400
    late = provider.authorize(begin(victim))
    desk.now += LONGEST
    assert victim.get(late).status_code == 400
    assert "/token" in provider.asked
    assert provider.asked.count("/token") == 1


@pytest.mark.parametrize("state", ["", "x", "====", "A" * 90, "\N{BULLET}", "A" * 5_000])
def test_a_forged_state_is_refused(desk: DeskWorld, provider: OidcProvider, state: str) -> None:
    browser = desk.browser(None)
    begin(browser)
    assert (
        browser.get("/sign-in/oidc/callback", query_string={"code": "x", "state": state}).status_code == 400
    )


def test_a_code_that_was_stolen_is_worth_nothing_without_the_verifier(
    desk: DeskWorld, provider: OidcProvider
) -> None:
    victim, attacker = desk.browser(None), desk.browser(None)
    code = parse_qs(urlsplit(provider.authorize(begin(victim))).query)["code"][0]
    state = parse_qs(urlsplit(begin(attacker)).query)["state"][0]
    answer = attacker.get("/sign-in/oidc/callback", query_string={"code": code, "state": state})
    assert answer.status_code == 502


def test_nobody_is_led_to_another_site(desk: DeskWorld, provider: OidcProvider) -> None:
    assert back(desk.browser(None), provider, "//evil.example.com").location == "/"


def test_who_was_refused_there_is_told(desk: DeskWorld, provider: OidcProvider) -> None:
    browser = desk.browser(None)
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    answer = browser.get(f"/sign-in/oidc/callback?error=access_denied&state={state}")
    assert (answer.status_code, refusal(answer)) == (401, "The provider has not signed you in.")


def test_no_password_signs_in_whom_the_provider_knows(desk: DeskWorld, provider: OidcProvider) -> None:
    back(desk.browser(None), provider)
    with desk.database.read() as tx:
        identity = users.existing(tx, "alice").password_hash
    browser = desk.browser(None)
    browser.get("/sign-in")
    assert browser.post("/sign-in/send", name="alice", password=identity).status_code == 401
    admin = desk.browser(Role.ADMIN, "owner")
    assert "by groups" in admin.get("/users").text
    admin.post("/users/role", name="alice", role="admin")
    assert "their groups have the role" in admin.get("/users").text


def test_an_unusable_provider_leaves_the_password_sign_in(desk: DeskWorld, provider: OidcProvider) -> None:
    provider.document = {"issuer": "https://another.example.com"}
    answer = desk.browser(None).get("/sign-in/oidc")
    assert answer.status_code == 502
    assert "the reason is in the log" in refusal(answer)
    assert 'name="password"' in answer.text


def test_without_a_provider_there_is_no_such_page(desk: DeskWorld) -> None:
    assert desk.browser(None).get("/sign-in/oidc").status_code == 404
    assert desk.browser(None).get("/sign-in/oidc/callback").status_code == 404
    assert "/sign-in/oidc" not in desk.browser(None).get("/sign-in").text


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://login.example.com"},
        {"issuer": "https://user:secret@login.example.com"},
        {"client_id": ""},
        {"roles": {}},
        {"scopes": ["profile"]},
    ],
    ids=str,
)
def test_an_incomplete_or_unsafe_configuration_is_wrong(changes: dict[str, object]) -> None:
    section = {"issuer": "https://login.example.com", "client_id": "x", "roles": {"a": "viewer"}}
    web = {"public_url": "https://desk.example.com", "oidc": section}
    Settings.model_validate({"web": web})
    with pytest.raises(ValidationError):
        Settings.model_validate({"web": web | {"oidc": section | changes}})
    with pytest.raises(ValidationError):
        Settings.model_validate({"web": web | {"public_url": ""}})


def test_the_doctor_reads_the_discovery_document(desk: DeskWorld, provider: OidcProvider) -> None:
    def levels() -> list[FindingLevel]:
        return [one.level for one in doctor.findings(desk.settings.web)]

    assert levels() == [FindingLevel.OK, FindingLevel.OK]
    provider.document = {"scopes_supported": ["openid"]}
    assert levels() == [FindingLevel.OK, FindingLevel.WARNING]
    provider.document = {"token_endpoint": "http://login.example.com/token"}
    assert levels() == [FindingLevel.OK, FindingLevel.ERROR]
    assert list(doctor.findings(Settings().web)) == []


def test_a_browser_that_waits_is_still_in_time(desk: DeskWorld, provider: OidcProvider) -> None:
    browser = desk.browser(None)
    url = provider.authorize(begin(browser))
    desk.now += LONGEST - timedelta(minutes=6)
    assert browser.get(url).status_code == 303
    with desk.database.read() as tx:
        assert user_rows.named(tx, "alice")
