"""Webhook endpoints over HTTP."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from storage import webhook_secrets
from storage.tokens import Scope
from tests.refilld.queue_world import Caller, QueueWorld
from tests.storage.webhook_rows import ACCEPTED, claim, dispatch, happen, log, record, states

URL = "https://hooks.example/T0K3N"


def call(caller: Caller, method: str, path: str = "", body: object = None) -> TestResponse:
    sent: dict[str, Any] = {}
    if body is not None:
        sent = {"data": json.dumps(body), "content_type": "application/json"}
    return caller.client.open(f"/api/v1/webhooks{path}", method=method, headers=caller.headers, **sent)


def added(caller: Caller, **body: object) -> dict[str, Any]:
    answer = call(caller, "POST", "", {"url": URL, **body})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_an_endpoint_is_added_and_its_secret_shown_once(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    made = added(caller, kinds=["drop.*"], services=["1234"], metrics=["likes"], description="mine")
    with world.database.read() as tx:
        assert webhook_secrets.signing(tx, 1, world.now).values == (made.pop("secret"),)
    shown = call(caller, "GET", "/1").get_json()
    assert shown == made
    assert call(caller, "GET").get_json() == {"endpoints": [made]}
    assert (shown["kinds"], shown["services"], shown["metrics"]) == (["drop.*"], ["1234"], ["likes"])
    assert shown["state"] == "enabled"


def test_a_rotation_answers_with_the_new_secret(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    first = added(caller)["secret"]
    second = call(caller, "POST", "/1/rotate").get_json()["secret"]
    with world.database.read() as tx:
        assert webhook_secrets.signing(tx, 1, world.now).values == (second, first)


def test_a_test_message_is_planned_for_the_daemon(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller, kinds=["drop.*"])
    answer = call(caller, "POST", "/1/test")
    assert (answer.status_code, answer.get_json()) == (202, {"endpoint_id": 1, "delivery_id": 1})
    claimed = claim(world.database, 1, world.now)
    assert claimed is not None
    assert claimed.event.kind == "webhook.test"


def test_deliveries_are_listed_by_cursor_and_shown_with_every_attempt(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller)
    dispatch(world.database)
    happen(world.database, "a", "b", "c", at=world.now)
    dispatch(world.database, 1, at=world.now)
    record(world.database, claim(world.database, 1, world.now), ACCEPTED, world.now)
    page = call(caller, "GET", "/1/deliveries?limit=2").get_json()
    assert [row["delivery_id"] for row in page["deliveries"]] == [3, 2]
    rest = call(caller, "GET", f"/1/deliveries?limit=2&cursor={page['next_cursor']}").get_json()
    assert ([row["delivery_id"] for row in rest["deliveries"]], rest["next_cursor"]) == ([1], None)
    delivered = call(caller, "GET", "/1/deliveries?state=delivered").get_json()["deliveries"]
    assert [row["delivery_id"] for row in delivered] == [1]
    shown = call(caller, "GET", "/1/deliveries/1").get_json()
    assert [(one["status"], one["response"]) for one in shown["log"]] == [(200, "ok")]


def test_messages_are_replayed_one_by_one_and_since_a_time(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller, kinds=["source.*"])
    dispatch(world.database)
    happen(world.database, "a", "b", at=world.now)
    dispatch(world.database, 1, at=world.now)
    for _ in range(2):
        record(world.database, claim(world.database, 1, world.now), ACCEPTED, world.now)
    answer = call(caller, "POST", "/1/deliveries/1/replay")
    assert (answer.status_code, answer.get_json()) == (202, {"endpoint_id": 1, "messages": 1})
    assert states(world.database, 1) == ["pending", "delivered"]
    since = {"since": "2026-03-01T14:00:00+02:00"}
    undelivered = call(caller, "POST", "/1/replay", since | {"undelivered": True})
    assert undelivered.get_json()["messages"] == 1
    assert call(caller, "POST", "/1/replay", since).get_json()["messages"] == 2
    assert call(caller, "POST", "/1/replay", {"since": "2026-03-01T12:00:01Z"}).get_json()["messages"] == 0
    assert states(world.database, 1) == ["pending", "pending"]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_at_an_end_of_the_calendar_is_refused(world: QueueWorld, since: str) -> None:
    """It cannot be turned into UTC."""
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller)
    answer = call(caller, "POST", "/1/replay", {"since": since})
    assert answer.status_code == 422
    assert "since: must be between 1970 and 2999" in answer.get_json()["detail"]


def test_a_removed_endpoint_is_not_found(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller)
    assert call(caller, "DELETE", "/1").status_code == 204
    for method, path in (("GET", "/1"), ("DELETE", "/1"), ("POST", "/1/test"), ("GET", "/1/deliveries")):
        answer = call(caller, method, path)
        assert (answer.status_code, answer.get_json()["type"]) == (404, "urn:refilld:not-found")
    assert call(caller, "GET", "/x").status_code == 404
    assert log(world.database, 1) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "https://user:hunter2@hooks.example/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": URL, "kinds": ["drop"]}, "kinds"),
        ({"url": URL, "metrics": ["stars"]}, "metrics"),
        ({"url": URL, "secret": "whsec_mine"}, "secret"),
        ({"url": URL, "services": [""]}, "services"),
        ({"url": URL, "services": ["x"] * 101}, "services"),
        ({"url": URL, "description": "mine\0"}, "description"),
        ({}, "url"),
    ],
)
def test_a_wrong_endpoint_is_refused(world: QueueWorld, body: dict[str, object], field: str) -> None:
    """By its field, without repeating what may be secret."""
    answer = call(world.caller(Scope.WEBHOOKS_MANAGE), "POST", "", body)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "urn:refilld:invalid-request")
    assert field in answer.get_json()["detail"]
    assert "hunter2" not in answer.text
    assert "whsec_mine" not in answer.text


def test_a_state_that_does_not_allow_the_action_is_a_conflict(world: QueueWorld) -> None:
    caller = world.caller(Scope.WEBHOOKS_MANAGE)
    added(caller)
    assert call(caller, "POST", "/1/enable").status_code == 409
    with world.database.write() as tx:
        tx.exec_driver_sql("UPDATE webhook_endpoints SET disabled_at = 1, disabled_reason = 'gone'")
    for path in ("/1/test", "/1/deliveries/1/replay"):
        assert call(caller, "POST", path).status_code == 409
    assert call(caller, "POST", "/1/enable").get_json()["state"] == "enabled"


def test_every_route_needs_the_scope(world: QueueWorld) -> None:
    others = [scope for scope in Scope if scope is not Scope.WEBHOOKS_MANAGE]
    caller = world.caller(*others)
    rules = [rule for rule in caller.client.application.url_map.iter_rules() if "webhooks" in rule.rule]
    assert len(rules) == 11
    for rule in rules:
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        path = rule.rule.removeprefix("/api/v1/webhooks").replace("<endpoint_id>", "1")
        answer = call(caller, method, path.replace("<delivery_id>", "1"))
        assert (answer.status_code, answer.get_json()["type"]) == (403, "urn:refilld:missing-scope"), path
