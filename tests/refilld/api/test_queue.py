"""The queue over HTTP: claims of parts, pauses, and requeueing by filter."""

from typing import Any

import pytest

from monitor.model.target import Metric
from refilld.daemon.readiness import health
from refilld.services.database_check import DatabaseCheck
from storage.leases import Failure
from storage.tokens import Scope
from tests import lease_calls
from tests.refilld.queue_world import Caller, QueueWorld


@pytest.fixture
def caller(world: QueueWorld) -> Caller:
    return world.caller()


def shown(caller: Caller) -> Any:
    return caller.client.get("/api/v1/queue", headers=caller.headers).json


def queue_call(caller: Caller, action: str, body: object) -> Any:
    return caller.client.post(f"/api/v1/queue{action}", headers=caller.headers, json=body)


def claimed(caller: Caller, **body: object) -> list[int]:
    answer = caller.post("/claim", {"limit": 10, **body})
    found: Any = answer.json
    assert answer.status_code == 200, answer.text
    return [row["refill_id"] for row in found["refills"]]


def requeued(caller: Caller, body: object) -> Any:
    answer = caller.post("/requeue", body)
    assert answer.status_code == 200, answer.text
    return answer.json


def give_up(world: QueueWorld, *order_ids: str) -> list[int]:
    """Dead refills of these orders."""
    world.queue(*order_ids)
    rows = world.claim(limit=len(order_ids))
    with world.database.write() as tx:
        for row in rows:
            failure = Failure("no such user", retryable=False)
            lease_calls.fail(tx, row.refill_id, row.lease_token, world.now, failure, 10)
    return [row.refill_id for row in rows]


def test_a_claim_can_be_limited_to_services_and_providers(world: QueueWorld, caller: Caller) -> None:
    """A name that no order has is allowed, and matches nothing."""
    followers = world.queue("1")
    assert claimed(caller, services=["nobody sells this"]) == []
    assert claimed(caller, providers=["nobody"]) == []
    assert claimed(caller, services=["1234", "5"]) == followers


@pytest.mark.parametrize("field", ["providers", "services"])
@pytest.mark.parametrize("wrong", [[], [""], ["a" * 101], ["a"] * 101, ["\x00"], "acme", [1]])
def test_a_wrong_list_is_refused_with_its_name(caller: Caller, field: str, wrong: object) -> None:
    """Neither too long nor too many, and no character that is not printable."""
    answer = caller.post("/claim", {field: wrong})
    assert answer.status_code in {400, 422}
    assert field in answer.text


def test_a_paused_part_is_not_handed_out_until_it_is_resumed(world: QueueWorld, caller: Caller) -> None:
    """The state of the queue tells who paused it and why."""
    refill_ids = world.queue("1")
    other = {"part": "metric", "value": Metric.LIKES, "why": "no stock"}
    assert queue_call(caller, "/pause", other).json["mode"] == "partly paused"
    paused = queue_call(caller, "/pause", {"why": "bots"}).json
    assert paused["mode"] == "paused"
    assert paused["pauses"][0] | {"paused_at": ""} == {
        "part": "queue", "value": None, "paused_at": "", "paused_by": "token test", "why": "bots",
    }  # fmt: skip
    assert claimed(caller) == []
    assert queue_call(caller, "/resume", {}).json["mode"] == "partly paused"
    state = shown(caller)
    assert state["states"][0] | {"oldest_at": ""} == {
        "state": "queued", "refills": 1, "units": 100, "exact": True, "oldest_at": "",
    }  # fmt: skip
    assert claimed(caller) == refill_ids


@pytest.mark.parametrize(("whole", "mode", "pauses"), [(False, "partly paused", 2), (True, "paused", 3)])
def test_readiness_tells_that_something_is_paused_and_no_name(
    world: QueueWorld, caller: Caller, whole: bool, mode: str, pauses: int
) -> None:
    """It needs no token, and the suppliers of a shop are nobody's business."""
    for body in ({"part": "provider", "value": "acme"}, {"part": "service", "value": "9"}, {})[: 2 + whole]:
        queue_call(caller, "/pause", {**body, "why": "bots"})
    world.health = health(world.database, DatabaseCheck(world.database), tuple)
    answer = world.app().test_client().get("/readyz")
    assert answer.json == {"status": "ready", "queue": mode, "pauses": pauses}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"part": "provider", "value": "acme"}, "why"),
        ({"part": "provider", "why": "x"}, "value"),
        ({"part": "provider", "value": "a" * 101, "why": "x"}, "value"),
        ({"part": "metric", "value": "hearts", "why": "x"}, "value"),
        ({"part": "shop", "why": "x"}, "part"),
        ({"value": "acme", "why": "x"}, "value"),
    ],
)
def test_a_wrong_part_is_refused_with_its_name(caller: Caller, body: object, field: str) -> None:
    """And nothing is paused."""
    answer = queue_call(caller, "/pause", body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == [field]
    assert shown(caller)["pauses"] == []


def test_a_consumer_cannot_pause_the_queue(world: QueueWorld) -> None:
    """That is for operators."""
    consumer = world.caller(Scope.REFILLS_CONSUME)
    assert queue_call(consumer, "/pause", {"why": "x"}).status_code == 403


# Requeueing by filter


def test_dead_refills_of_a_filter_are_queued_again(world: QueueWorld, caller: Caller) -> None:
    """Each with its own result; a repeated call finds nothing."""
    dead = give_up(world, "1", "2")
    answer = requeued(caller, {"service": "1234"})
    assert [(row["refill_id"], row["status"]) for row in answer["results"]] == [(i, 200) for i in dead]
    assert {world.state(refill_id) for refill_id in dead} == {"queued"}
    assert requeued(caller, {"service": "1234"}) == {"results": [], "next_after": None}
    assert requeued(caller, {"service": "other"})["results"] == []


def test_what_was_refused_is_not_tried_again_by_the_next_call(world: QueueWorld, caller: Caller) -> None:
    """`after` goes on where the last call ended."""
    first, second = give_up(world, "1", "2")
    world.queue("1")  # decided anew, so that the dead one is refused
    one = requeued(caller, {"service": "1234", "limit": 1})
    assert [(row["refill_id"], row["status"]) for row in one["results"]] == [(first, 409)]
    two = requeued(caller, {"service": "1234", "limit": 1, "after": one["next_after"]})
    assert [(row["refill_id"], row["status"]) for row in two["results"]] == [(second, 200)]


@pytest.mark.parametrize("body", [{}, {"limit": 5}, {"service": "1", "limit": 1001}, {"since": "yesterday"}])
def test_a_requeue_needs_a_filter_and_a_limit(caller: Caller, body: object) -> None:
    """It never queues everything by a slip."""
    assert caller.post("/requeue", body).status_code in {400, 422}
