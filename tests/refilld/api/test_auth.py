"""Every request needs a token with the required scope."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from refilld.api import token_lookup
from refilld.api.auth import bearer_token
from refilld.settings.http import HttpSection
from storage import tokens
from storage.tokens import Scope
from tests.refilld.queue_world import Caller, QueueWorld

OPEN_TO_ALL = {"/healthz", "/readyz", "/openapi.json", "/docs"}
PANEL_DIALECT = {"/api/v2"}
"""Its key is in the form; see test_panel_requests."""
CONSUMER_VERBS = ("claim", "1/extend", "1/complete", "1/fail", "1/release")
OPERATOR_VERBS = ("1/approve", "1/reject", "1/requeue", "1/cancel")


def test_every_route_except_the_probes_requires_a_token(world: QueueWorld) -> None:
    """Including routes added later."""
    app = world.app()
    refused = 0
    for rule in app.url_map.iter_rules():
        if rule.rule in OPEN_TO_ALL | PANEL_DIALECT:
            continue
        path = rule.rule.replace("<refill_id>", "1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = app.test_client().open(path, method=method)
            assert answer.status_code == 401, path
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.mimetype == "application/problem+json"
            refused += 1
    assert refused >= 10


@pytest.mark.parametrize(
    "header",
    [
        "Bearer rfd_unknown",
        "Bearer  ",
        "Bearer",
        "Basic cmVmaWxsZDpyZWZpbGxk",
        "rfd_x",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 30_000,
    ],
)
def test_an_invalid_token_is_refused(world: QueueWorld, header: str) -> None:
    """With 401 for any header."""
    answer = world.app().test_client().get("/api/v1/refills", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_is_refused_at_once(world: QueueWorld) -> None:
    """The next request already fails."""
    caller = world.caller()
    assert caller.get().status_code == 200
    with world.database.write() as connection:
        tokens.revoke(connection, tokens.listed(connection)[0].token_id, world.now)
    answer = caller.get()
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_token_that_another_process_revokes_is_refused_within_seconds(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the process asks the database for it once in two seconds."""
    caller = world.caller()
    assert caller.get().status_code == 200
    with closing(sqlite3.connect(world.path)) as other, other:
        other.execute("UPDATE tokens SET revoked_at = 1")
    assert caller.get().status_code == 200
    monkeypatch.setattr(token_lookup, "FRESH", -1.0)
    assert caller.get().status_code == 401


def test_a_token_ends_at_its_time(world: QueueWorld) -> None:
    """The answer tells its holder, and nobody else, since when."""
    caller = world.caller()
    with world.database.write() as tx:
        caller.token = tokens.create(tx, "", [*Scope], world.now, lifetime=timedelta(days=1))
    assert caller.get().status_code == 200
    world.now += timedelta(days=1)
    answer = caller.get()
    assert answer.status_code == 401
    assert answer.get_json()["detail"] == "The token ended at 2026-03-02 12:00 UTC."
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_rotated_token_is_known_at_once_and_the_old_one_ends(world: QueueWorld) -> None:
    """In the process that rotates it, and for the panel dialect, too."""
    caller = world.caller()
    assert caller.get().status_code == 200
    with world.database.write() as tx:
        made = tokens.rotate(tx, tokens.named(tx, "test").token_id, world.now, timedelta(hours=1), None)
    assert caller.get().status_code == 200
    world.now += timedelta(hours=1)
    assert caller.get().status_code == 401
    assert panel_answer(caller, caller.token) == {"error": "Invalid API key"}
    assert panel_answer(caller, made) == []
    caller.token = made
    assert caller.get().status_code == 200


def panel_answer(caller: Caller, key: str) -> object:
    return caller.client.post("/api/v2", data={"key": key, "action": "services"}).get_json()


# Limits


def test_a_token_may_send_so_many_requests_a_minute(world: QueueWorld) -> None:
    """Each answer tells what is left; others are not concerned, and the next minute begins anew."""
    world.now += timedelta(seconds=20)
    app = world.app(http=HttpSection(requests_per_minute=2))
    caller, other = world.caller(app=app), world.caller(app=app)
    left = [caller.get(), caller.get()]
    assert [one.headers["RateLimit"] for one in left] == ['"token";r=1;t=40', '"token";r=0;t=40']
    refused = caller.get()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.get_json()["detail"] == "The token may send 2 requests a minute; go on in 40 s."
    assert refused.headers["RateLimit-Policy"] == '"token";q=2;w=60'
    assert panel_answer(caller, caller.token) == {"error": "Too many requests, please try again later"}
    assert other.get().status_code == 200
    world.now += timedelta(seconds=40)
    assert caller.get().status_code == 200


def test_a_token_may_have_a_limit_of_its_own(world: QueueWorld) -> None:
    """Or none, in place of the configured one; a request without a token counts for nobody."""
    caller = world.caller(app=world.app(http=HttpSection(requests_per_minute=1)))
    with world.database.write() as tx:
        few = tokens.create(tx, "few", [*Scope], world.now, requests_per_minute=2)
        free = tokens.create(tx, "free", [*Scope], world.now, requests_per_minute=0)
    for token, expected in ((few, [200, 200, 429]), (free, [200] * 4), ("rfd_unknown", [401] * 4)):
        caller.token = token
        assert [caller.get().status_code for _ in expected] == expected
    caller.token = free
    assert "RateLimit" not in caller.get().headers


@pytest.mark.parametrize("action", CONSUMER_VERBS)
def test_consumer_actions_require_the_consumer_scope(world: QueueWorld, action: str) -> None:
    """The refusal names the missing scope; the request is not read."""
    answer = world.caller(*set(Scope) - {Scope.REFILLS_CONSUME}).post(f"/{action}")
    assert answer.status_code == 403
    assert answer.get_json()["type"] == "urn:refilld:missing-scope"
    assert answer.get_json()["detail"] == "The token does not have the scope refills:consume."
    challenge = 'Bearer error="insufficient_scope", scope="refills:consume"'
    assert answer.headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("action", OPERATOR_VERBS)
def test_operator_actions_require_the_operator_scope(world: QueueWorld, action: str) -> None:
    """A consumer cannot approve its own work."""
    answer = world.caller(*set(Scope) - {Scope.REFILLS_MANAGE}).post(f"/{action}")
    assert answer.status_code == 403
    assert "refills:manage" in answer.get_json()["detail"]


@pytest.mark.parametrize("scope", Scope)
def test_the_list_is_for_consumers_and_operators(world: QueueWorld, scope: Scope) -> None:
    """Either scope is enough, and no other."""
    allowed = scope in {Scope.REFILLS_MANAGE, Scope.REFILLS_CONSUME}
    assert world.caller(scope).get().status_code == (200 if allowed else 403)


def test_a_token_in_the_url_or_the_body_is_ignored(world: QueueWorld) -> None:
    """URLs end up in logs."""
    token = world.token(*Scope)
    client = world.app().test_client()
    assert client.get(f"/api/v1/refills?access_token={token}").status_code == 401
    assert client.post("/api/v1/refills/claim", data={"access_token": token}).status_code == 401


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("BEARER abc", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Token abc", None),
        ("", None),
    ],
)
def test_the_scheme_is_case_insensitive(header: str, token: str | None) -> None:
    """As RFC 9110 requires."""
    assert bearer_token(header) == token
