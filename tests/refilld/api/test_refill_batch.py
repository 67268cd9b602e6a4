"""POST /api/v1/refills/batch: many actions in one request, each with its own result."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from refilld.api import refill_batch
from refilld.api.refill_actions import RefillActions
from storage.engine import Database
from storage.tokens import Scope
from tests.refilld.queue_world import Caller, QueueWorld


def batch(caller: Caller, *actions: object) -> list[dict[str, Any]]:
    answer = caller.post("/batch", {"actions": actions})
    assert answer.status_code == 200, answer.text
    return list(answer.get_json()["results"])


def act(action: str, refill: dict[str, Any], **more: object) -> dict[str, object]:
    return {
        "action": action,
        "refill_id": refill["refill_id"],
        "lease_token": refill["lease_token"],
        **more,
    }


def test_each_action_has_its_own_result(world: QueueWorld) -> None:
    """In the order of the request, whatever the order of the ids."""
    world.queue("1", "2", "3", "4", "5")
    caller = world.caller(Scope.REFILLS_CONSUME)
    one, two, three, four, five = caller.claim(limit=5)
    results = batch(
        caller,
        act("release", five),
        act("complete", one, delivered=90, external_id="SMM-1"),
        act("fail", two, reason="no such user", retryable=False),
        act("extend", three, lease_seconds=600),
        act("complete", four | {"lease_token": "wrong"}),
    )
    assert [row["refill_id"] for row in results] == [
        one["refill_id"] for one in (five, one, two, three, four)
    ]
    assert [(row["status"], row.get("state")) for row in results] == [
        (200, "queued"), (200, "completed"), (200, "dead"), (200, None), (409, None),
    ]  # fmt: skip
    assert results[3]["leased_until"] == "2026-03-01T12:10:00Z"
    assert results[4]["problem"]["type"] == "urn:refilld:lease-lost"
    assert world.row(one["refill_id"]).delivered == 90
    assert world.state(four["refill_id"]) == "claimed"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("release", "row"),
        ({"action": "complete", "refill_id": 1}, "lease_token"),
        ({"action": "complete", "refill_id": "1", "lease_token": "t"}, "refill_id"),
        ({"action": "fail", "refill_id": 1, "lease_token": "t", "reason": "a\nb"}, "reason"),
        ({"action": "approve", "refill_id": 1, "lease_token": "t"}, "lease_token"),
    ],
)
def test_an_invalid_row_does_not_stop_the_others(world: QueueWorld, row: object, field: str) -> None:
    """A line break in the answer of a provider must not hold up other completions."""
    world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    bad, good = batch(caller, row, act("complete", refill))
    assert (bad["status"], good["status"]) == (422, 200)
    assert bad["problem"]["type"] == "urn:refilld:invalid-request"
    assert bad["problem"]["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("row", "fault"),
    [({}, "is missing"), ({"action": "claim"}, "is not known"), ({"action": []}, "is not known")],
)
def test_a_row_without_a_known_action_is_told_all_of_them(
    world: QueueWorld, row: dict[str, object], fault: str
) -> None:
    (result,) = batch(world.caller(), row)
    known = "extend, complete, fail, release, approve, reject, requeue, cancel"
    expected = {"field": "action", "detail": f"{fault}; the actions are {known}"}
    assert (result["status"], result["problem"]["errors"]) == (422, [expected])


def test_an_unknown_refill_is_not_found(world: QueueWorld) -> None:
    (result,) = batch(world.caller(), {"action": "release", "refill_id": 99, "lease_token": "t"})
    assert (result["status"], result["problem"]["title"]) == (404, "Not found")


def test_a_repeated_batch_gets_the_same_results(world: QueueWorld) -> None:
    """After a timeout it may be sent again; nothing is counted twice."""
    world.queue("1", "2")
    units: list[int] = []
    caller = world.caller(app=world.app(refilled=lambda _metric, count: units.append(count)))
    actions = [act("complete", refill) for refill in caller.claim(limit=2)]
    first = batch(caller, *actions)
    world.now += timedelta(seconds=5)
    assert batch(caller, *actions) == first
    assert units == [100, 100]


def test_a_completion_repeated_with_other_values_says_what_was_recorded(world: QueueWorld) -> None:
    """In a batch, and alone."""
    world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    (_, result) = batch(
        caller, act("complete", refill, external_id="SMM-1"), act("complete", refill, external_id="SMM-2")
    )
    body = {"lease_token": refill["lease_token"], "external_id": "SMM-2"}
    alone = caller.post(f"/{refill['refill_id']}/complete", body)
    for status, problem in ((result["status"], result["problem"]), (alone.status_code, alone.get_json())):
        assert (status, problem["type"]) == (409, "urn:refilld:repeat-differs")
        assert problem["errors"] == [{"field": "external_id", "detail": "'SMM-1' was recorded, and stays"}]
    assert world.row(refill["refill_id"]).external_id == "SMM-1"


def test_actions_on_one_refill_keep_their_order(world: QueueWorld) -> None:
    world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    results = batch(
        caller,
        act("fail", refill, reason="broken", retryable=False),
        {"action": "cancel", "refill_id": refill["refill_id"]},
        act("complete", refill),
    )
    assert [row["status"] for row in results] == [200, 200, 409]
    assert world.state(refill["refill_id"]) == "cancelled"


def test_operators_act_in_bulk(world: QueueWorld) -> None:
    held = world.queue("1", "2", "3", held=True)
    actions = ("reject", "cancel", "requeue")
    rows = [{"action": action, "refill_id": number} for action, number in zip(actions, held, strict=True)]
    results = batch(world.caller(Scope.REFILLS_MANAGE), *rows)
    assert [(row["status"], row.get("state")) for row in results] == [
        (200, "rejected"), (200, "cancelled"), (409, None),
    ]  # fmt: skip


def test_each_action_needs_its_scope(world: QueueWorld) -> None:
    """A consumer cannot approve its own work."""
    (held,) = world.queue("1", held=True)
    (result,) = batch(world.caller(Scope.REFILLS_CONSUME), {"action": "approve", "refill_id": held})
    assert (result["status"], result["problem"]["type"]) == (403, "urn:refilld:missing-scope")
    assert world.state(held) == "held"
    assert world.caller(Scope.ORDERS_WRITE).post("/batch", {"actions": []}).status_code == 403


@pytest.mark.parametrize("actions", [[], [{}] * 1001, {}, None])
def test_a_batch_has_1_to_1000_actions(world: QueueWorld, actions: object) -> None:
    answer = world.caller().post("/batch", {"actions": actions})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"].startswith("actions")


def test_a_thousand_actions_are_two_transactions(world: QueueWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that other writers get their turn between them."""
    world.queue(*map(str, range(1000)))
    caller = world.caller()
    refills = caller.claim(limit=1000)
    begun = 0
    write = Database.write

    def counted(self: Database) -> Any:
        nonlocal begun
        begun += 1
        return write(self)

    monkeypatch.setattr(Database, "write", counted)
    results = batch(caller, *(act("complete", refill) for refill in refills))
    assert {row["status"] for row in results} == {200}
    assert begun == 2


def test_what_was_done_is_told_when_the_database_goes_away(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is answered with 503, and may be sent again."""
    world.queue("1", "2", "3")
    away = world.path.with_name("away.db")
    completed = []

    def move_file(_metric: object, _units: int) -> None:
        completed.append(1)
        if len(completed) == 1:
            world.path.rename(away)

    caller = world.caller(app=world.app(refilled=move_file))
    actions = [act("complete", refill) for refill in caller.claim(limit=3)]
    monkeypatch.setattr(refill_batch, "CHUNK", 2)
    assert [row["status"] for row in batch(caller, *actions)] == [200, 200, 503]
    away.rename(world.path)
    world.now += timedelta(seconds=5)
    assert [row["status"] for row in batch(caller, *actions)] == [200, 200, 200]
    assert len(completed) == 3


def test_what_was_done_is_told_when_the_program_fails(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of the transaction that failed, and those after it, say so; the defect is logged."""
    world.queue("1", "2", "3", "4")
    caller = world.caller()
    actions = [act("complete", refill) for refill in caller.claim(limit=4)]
    monkeypatch.setattr(refill_batch, "CHUNK", 2)
    move_many, calls = RefillActions.move_many, []

    def move_two(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return move_many(*arguments)

    monkeypatch.setattr(RefillActions, "move_many", move_two)
    with capture_logs() as logs:
        results = batch(caller, *actions)
    assert [row["status"] for row in results] == [200, 200, 500, 500]
    assert results[2]["problem"]["detail"].startswith("Not carried out: ")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["http.failed"]
    assert [world.state(row["refill_id"]) for row in results] == ["completed"] * 2 + ["claimed"] * 2
