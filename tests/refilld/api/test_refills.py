"""The queue over HTTP: each refill has at most one consumer at a time, and none is lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from monitor.model.target import Metric
from refilld.api.schemas import CompleteBody
from storage import alert_list, lease_rows
from storage.alert_list import AlertFilter
from storage.lease_calls import Release
from storage.tokens import Scope
from tests.pages import rows_of_list
from tests.refilld.queue_world import LEASE, NOW, Caller, QueueWorld

FIELDS = {
    "refill_id", "order_id", "service", "link", "metric", "quantity", "provider", "reason",
    "attempt", "lease_token", "leased_until", "queued_at",
}  # fmt: skip


def test_a_claim_returns_exactly_the_fields_of_the_contract(world: QueueWorld) -> None:
    """Times in UTC with Z."""
    (refill_id,) = world.queue("17")
    (refill,) = world.caller().claim(consumer="robot 1")
    assert refill.keys() == FIELDS
    assert refill | {"lease_token": ""} == {
        "refill_id": refill_id,
        "order_id": "17",
        "service": "1234",
        "link": "https://www.instagram.com/profile.17/",
        "metric": "followers",
        "quantity": 100,
        "provider": "acme",
        "reason": "drop_confirmed",
        "attempt": 1,
        "lease_token": "",
        "leased_until": "2026-03-01T12:05:00Z",
        "queued_at": "2026-03-01T12:00:00Z",
    }
    assert world.row(refill_id).consumer == "robot 1"


def test_a_claim_returns_the_oldest_up_to_the_limit(world: QueueWorld) -> None:
    """One by default."""
    ids = world.queue("1", "2", "3", "4")
    caller = world.caller()
    assert [refill["refill_id"] for refill in caller.claim()] == ids[:1]
    assert [refill["refill_id"] for refill in caller.claim(limit=2)] == ids[1:3]
    assert [refill["refill_id"] for refill in caller.claim(limit=1000)] == ids[3:]
    assert caller.claim(limit=1000) == []


def test_a_claim_can_be_limited_to_metrics(world: QueueWorld) -> None:
    """A consumer of followers gets no likes."""
    world.queue("1", metric=Metric.LIKES)
    (wanted,) = world.queue("2", metric=Metric.FOLLOWERS)
    caller = world.caller()
    assert caller.claim(metrics=["views"]) == []
    assert [refill["refill_id"] for refill in caller.claim(limit=9, metrics=["followers"])] == [wanted]
    assert [refill["metric"] for refill in caller.claim(limit=9, metrics=None)] == ["likes"]


def test_refills_of_a_private_profile_are_not_claimed(world: QueueWorld) -> None:
    """Delivery is not possible, so its refill waits until the profile is public."""
    world.queue("1")
    world.hide_profile("1")
    assert world.caller().claim() == []


def test_the_lease_has_the_requested_length(world: QueueWorld) -> None:
    """Five minutes by default."""
    world.queue("1")
    (refill,) = world.caller().claim(lease_seconds=86_400)
    assert refill["leased_until"] == "2026-03-02T12:00:00Z"


def test_eight_threads_claim_two_hundred_refills_each_once(world: QueueWorld) -> None:
    """In any order of events no refill has two consumers, and none is left in the queue."""
    ids = world.queue(*map(str, range(200)))
    app, token = world.app(), world.token(Scope.REFILLS_CONSUME)
    barrier = Barrier(8)

    def consume(number: int) -> list[int]:
        client = app.test_client()
        got: list[int] = []
        barrier.wait(10)
        while True:
            answer = client.post(
                "/api/v1/refills/claim",
                json={"limit": 1 + number, "consumer": f"robot {number}"},
                headers={"Authorization": f"Bearer {token}"},
            )
            found = [refill["refill_id"] for refill in answer.get_json()["refills"]]
            if not found:
                return got
            got += found

    with ThreadPoolExecutor(8) as pool:
        given = Counter(refill_id for got in pool.map(consume, range(8)) for refill_id in got)
    assert given == Counter(ids)


def test_of_a_completion_and_the_end_of_the_lease_exactly_one_wins(world: QueueWorld) -> None:
    """The refill is either completed or queued again, and the response says which."""
    world.queue(*map(str, range(20)))
    caller = world.caller()
    claimed = caller.claim(limit=20, lease_seconds=30)
    world.now = NOW + timedelta(seconds=31)
    barrier = Barrier(2)

    def complete() -> list[int]:
        barrier.wait(10)
        return [
            caller.post(
                f"/{refill['refill_id']}/complete", {"lease_token": refill["lease_token"]}
            ).status_code
            for refill in claimed
        ]

    def expire() -> int:
        barrier.wait(10)
        return sum(world.expire() for _ in range(20))

    with ThreadPoolExecutor(2) as pool:
        answers, ended = pool.submit(complete), pool.submit(expire)
    state_of = {200: "completed", 409: "queued"}
    states = [world.state(refill["refill_id"]) for refill in claimed]
    assert states == [state_of[status] for status in answers.result()]
    assert ended.result() == states.count("queued")


def test_a_completed_refill_cannot_be_completed_with_another_token(world: QueueWorld) -> None:
    """Neither with a guessed token nor with that of another refill."""
    world.queue("1", "2")
    caller = world.caller()
    mine, other = caller.claim(limit=2)
    path = f"/{mine['refill_id']}/complete"
    assert caller.post(path, {"lease_token": mine["lease_token"]}).status_code == 200
    for token in (other["lease_token"], "guessed", mine["lease_token"] + "x"):
        answer = caller.post(path, {"lease_token": token, "external_id": "theirs"})
        assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:refilld:lease-lost")
    assert world.row(mine["refill_id"]).external_id is None


def test_the_delivery_is_stored(world: QueueWorld) -> None:
    """External id and units."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    body = {"lease_token": refill["lease_token"], "external_id": "SMM-9", "delivered": 120}
    assert caller.post(f"/{refill_id}/complete", body).json == {"refill_id": refill_id, "state": "completed"}
    row = world.row(refill_id)
    assert (row.external_id, row.delivered, row.completed_at) == ("SMM-9", 120, NOW)
    assert world.events(refill_id) == ["queued", "claimed", "completed"]


@pytest.mark.parametrize(
    ("action", "more", "state"),
    [
        ("complete", {}, "completed"),
        ("fail", {"reason": "provider down"}, "queued"),
        ("fail", {"reason": "no such user", "retryable": False}, "dead"),
        ("release", {}, "queued"),
    ],
)
def test_a_repeated_call_has_the_same_answer(
    world: QueueWorld, action: str, more: dict[str, Any], state: str
) -> None:
    """It has no further effect."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    body = {"lease_token": refill["lease_token"]} | more
    answers = [caller.post(f"/{refill_id}/{action}", body) for _ in range(3)]
    assert [answer.json for answer in answers] == [{"refill_id": refill_id, "state": state}] * 3
    assert world.events(refill_id) == ["queued", "claimed", state]


def test_a_repeated_call_has_the_same_answer_after_another_claim(world: QueueWorld) -> None:
    """Another consumer's claim does not turn an old answer into an error."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (first,) = caller.claim()
    release = {"lease_token": first["lease_token"]}
    caller.post(f"/{refill_id}/release", release)
    (second,) = caller.claim()
    assert caller.post(f"/{refill_id}/release", release).status_code == 200
    done = caller.post(f"/{refill_id}/complete", {"lease_token": second["lease_token"]})
    assert done.get_json()["state"] == "completed"


@pytest.mark.parametrize("action", ["extend", "complete", "fail", "release"])
def test_a_lost_lease_is_a_conflict(world: QueueWorld, action: str) -> None:
    """The refill belongs to another consumer or is queued again."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    world.now += LEASE
    assert world.expire() == 1
    more: dict[str, dict[str, Any]] = {"fail": {"reason": "too late"}, "extend": {"lease_seconds": 60}}
    body = {"lease_token": refill["lease_token"]} | more.get(action, {})
    answer = caller.post(f"/{refill_id}/{action}", body)
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:refilld:lease-lost")
    assert world.state(refill_id) == "queued"


def test_an_extended_lease_ends_at_its_new_time(world: QueueWorld) -> None:
    """Counted from the call."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim(lease_seconds=30)
    world.now += timedelta(seconds=29)
    body = {"lease_token": refill["lease_token"], "lease_seconds": 30}
    assert caller.post(f"/{refill_id}/extend", body).json == {
        "refill_id": refill_id,
        "leased_until": "2026-03-01T12:00:59Z",
    }
    world.now += timedelta(seconds=29)
    assert world.expire() == 0
    world.now += timedelta(seconds=1)
    assert world.expire() == 1


def test_a_failed_refill_returns_after_the_requested_wait(world: QueueWorld) -> None:
    """Not earlier."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    body = {"lease_token": refill["lease_token"], "reason": "busy", "retry_after_seconds": 600}
    assert caller.post(f"/{refill_id}/fail", body).get_json()["state"] == "queued"
    world.now += timedelta(seconds=599)
    assert caller.claim() == []
    world.now += timedelta(seconds=1)
    (again,) = caller.claim()
    assert again["attempt"] == 2
    assert again["lease_token"] != refill["lease_token"]


def test_the_last_attempt_makes_a_refill_dead_with_one_alert(world: QueueWorld) -> None:
    """`queue.max_attempts` counts claims; repeating the call does not repeat the alert."""
    (refill_id,) = world.queue("1")
    caller = world.caller(app=world.app(queue={"max_attempts": 2}))
    for state in ("queued", "dead"):
        (refill,) = caller.claim()
        body = {"lease_token": refill["lease_token"], "reason": "no luck", "retry_after_seconds": 0}
        for _ in range(2):
            assert caller.post(f"/{refill_id}/fail", body).get_json()["state"] == state
    with world.database.read() as connection:
        alerts = rows_of_list(alert_list.page, connection, AlertFilter(about_drops=False))
    assert [alert.event.kind for alert in alerts] == ["refill.dead"]


def test_a_failure_reported_twice_concurrently_is_one_alert(world: QueueWorld) -> None:
    """Both callers get the same answer; only the call that changes the refill raises the alert."""
    (refill_id,) = world.queue("1")
    (refill,) = world.caller().claim()
    body = {"lease_token": refill["lease_token"], "reason": "no such user", "retryable": False}
    callers, barrier = [world.caller(), world.caller()], Barrier(2)

    def fail(caller: Caller) -> Any:
        barrier.wait(timeout=30)
        return caller.post(f"/{refill_id}/fail", body).get_json()["state"]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fail, callers)) == ["dead", "dead"]
    with world.database.read() as connection:
        assert len(rows_of_list(alert_list.page, connection, AlertFilter(about_drops=False))) == 1


def test_a_released_refill_costs_no_attempt(world: QueueWorld) -> None:
    """It can be claimed again at once."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    for _ in range(3):
        (refill,) = caller.claim()
        assert refill["attempt"] == 1
        caller.post(f"/{refill_id}/release", {"lease_token": refill["lease_token"]})


def test_operators_decide_on_held_dead_and_queued_refills(world: QueueWorld) -> None:
    """Each action leads to its state, with no body or an empty object."""
    held, rejected = world.queue("1", "2", held=True)
    caller = world.caller()
    approved = {"refill_id": held, "state": "queued", "quantity": 100}
    assert caller.post(f"/{held}/approve").json == approved
    assert caller.post(f"/{rejected}/reject", {}).get_json()["state"] == "rejected"
    (refill,) = caller.claim()
    failure = {"lease_token": refill["lease_token"], "reason": "gone", "retryable": False}
    assert caller.post(f"/{held}/fail", failure).get_json()["state"] == "dead"
    assert caller.post(f"/{held}/requeue").get_json()["state"] == "queued"
    assert caller.claim()[0]["attempt"] == 1
    assert caller.post(f"/{held}/cancel").status_code == 409


def test_an_action_that_the_state_does_not_allow_is_refused(world: QueueWorld) -> None:
    """The error names the state and the required ones."""
    (refill_id,) = world.queue("1")
    answer = world.caller().post(f"/{refill_id}/approve")
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:refilld:wrong-state")
    assert answer.get_json()["detail"] == f"refill {refill_id} is queued; approve needs held"
    assert world.events(refill_id) == ["queued"]


def test_requeueing_is_refused_while_the_order_has_another_open_refill(world: QueueWorld) -> None:
    """One open refill per order."""
    (dead,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    failure = {"lease_token": refill["lease_token"], "reason": "gone", "retryable": False}
    caller.post(f"/{dead}/fail", failure)
    world.queue("1")
    answer = caller.post(f"/{dead}/requeue")
    assert (answer.status_code, answer.get_json()["type"]) == (409, "urn:refilld:open-refill")
    assert world.state(dead) == "dead"


def test_a_renamed_profile_is_refilled_under_its_new_name(world: QueueWorld) -> None:
    """The old name may belong to another account."""
    world.queue("1")
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE targets SET username_now = 'new.name'")
    caller = world.caller()
    links = {row["link"] for row in (*caller.claim(), *caller.get().get_json()["refills"])}
    assert links == {"https://www.instagram.com/new.name/"}


def test_no_value_shows_the_token_of_a_lease(world: QueueWorld) -> None:
    """So that no log and no traceback has it."""
    (refill_id,) = world.queue("1")
    (claimed,) = world.claim()
    token = claimed.lease_token
    with world.database.write() as tx:
        row = lease_rows.locked(tx, [refill_id])[refill_id]
    assert row.lease_token == token
    body = CompleteBody(lease_token=token)
    for value in (claimed, row, row._replace(done_token=token), body, Release(refill_id, token)):
        assert token not in repr(value)
