"""One order over HTTP: its story and its flags."""

import pytest

from storage.tokens import Scope
from tests.refilld.queue_world import QueueWorld


def test_an_order_is_shown_with_its_story(world: QueueWorld) -> None:
    """The same as `refilld orders show --json`, and no lease token."""
    world.queue("17")
    (refill,) = world.caller().claim()
    caller = world.caller(Scope.ORDERS_READ)
    answer = caller.client.get("/api/v1/orders/17", headers=caller.headers)
    assert answer.status_code == 200
    story = answer.get_json()
    assert (story["order_id"], story["refills"][0]["state"]) == ("17", "claimed")
    assert [event["kind"] for event in story["events"]]
    assert story["answer"]["sentence"]
    assert answer.headers["Content-Language"] == "en"
    assert refill["lease_token"] not in answer.text


@pytest.mark.parametrize("order_id", ["404", "a%00b", "x" * 101, "1%2Fflags"])
def test_an_unknown_order_is_not_found(world: QueueWorld, order_id: str) -> None:
    caller = world.caller()
    answer = caller.client.get(f"/api/v1/orders/{order_id}", headers=caller.headers)
    assert answer.status_code == 404
    assert answer.get_json()["type"] == "urn:refilld:not-found"


def test_a_flag_is_set_and_lifted_once(world: QueueWorld) -> None:
    """Repeating a call changes nothing and tells so; a flag cancels what waits."""
    (refill_id,) = world.queue("17")
    caller = world.caller(Scope.ORDERS_WRITE)
    address = "/api/v1/orders/17/flags/dispute"
    first = caller.client.put(address, headers=caller.headers)
    assert first.get_json() == {"order_id": "17", "flags": ["dispute"], "changed": True}
    assert caller.client.put(address, headers=caller.headers).get_json()["changed"] is False
    assert world.state(refill_id) == "cancelled"
    lifted = caller.client.delete(address, headers=caller.headers)
    assert lifted.get_json() == {"order_id": "17", "flags": [], "changed": True}
    assert caller.client.delete(address, headers=caller.headers).get_json()["changed"] is False


def test_an_unknown_flag_is_not_found(world: QueueWorld) -> None:
    world.queue("17")
    caller = world.caller()
    answer = caller.client.put("/api/v1/orders/17/flags/vip", headers=caller.headers)
    assert answer.status_code == 404
    assert "hold, dispute" in answer.get_json()["detail"]


def test_a_query_string_where_none_is_known_is_refused(world: QueueWorld) -> None:
    """A misplaced parameter would be ignored silently."""
    world.queue("17")
    caller = world.caller()
    answer = caller.post("/claim?limit=5", {})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "query"
    assert len(world.claim()) == 1


def test_a_key_that_is_given_twice_is_refused(world: QueueWorld) -> None:
    """Two programs would read it in two ways."""
    world.queue("17")
    caller = world.caller()
    answer = caller.client.post(
        "/api/v1/refills/claim",
        data='{"limit": 1, "limit": 1000}',
        content_type="application/json",
        headers=caller.headers,
    )
    assert answer.status_code == 400
    assert answer.get_json()["type"] == "urn:refilld:invalid-json"
    assert len(world.claim()) == 1


def test_a_number_without_a_fraction_is_whole(world: QueueWorld) -> None:
    """6.0 is an integer of JSON Schema."""
    world.queue("1", "2")
    assert len(world.caller().claim(limit=2.0)) == 2
