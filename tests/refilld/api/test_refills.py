"""The queue over HTTP keeps its promises: each refill to one consumer at a time, and nothing lost."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from monitor.model.target import Metric
from refilld.api.long_poll import WaiterPool
from refilld.api.server import THREADS
from storage import leases, outbox
from storage.tokens import Scope
from tests.refilld.queue_world import LEASE, NOW, QueueWorld, QuickEvent, queue_world

FIELDS = {
    "refill_id", "order_id", "service", "link", "metric", "quantity", "provider", "reason",
    "attempt", "lease_token", "leased_until", "queued_at",
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


def test_a_claim_gives_exactly_the_fields_of_the_contract(world: QueueWorld) -> None:
    """A consumer gets all it needs to fulfil the refill, times in UTC with Z."""
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


def test_a_claim_takes_the_oldest_and_no_more_than_asked_for(world: QueueWorld) -> None:
    """One by default, else up to the limit, in the order of the queue."""
    ids = world.queue("1", "2", "3", "4")
    caller = world.caller()
    assert [refill["refill_id"] for refill in caller.claim()] == ids[:1]
    assert [refill["refill_id"] for refill in caller.claim(limit=2)] == ids[1:3]
    assert [refill["refill_id"] for refill in caller.claim(limit=1000)] == ids[3:]
    assert caller.claim(limit=1000) == []


def test_a_claim_can_be_limited_to_metrics(world: QueueWorld) -> None:
    """A consumer that sells followers never gets likes."""
    world.queue("1", metric=Metric.LIKES)
    (wanted,) = world.queue("2", metric=Metric.FOLLOWERS)
    caller = world.caller()
    assert caller.claim(metrics=["views"]) == []
    assert [refill["refill_id"] for refill in caller.claim(limit=9, metrics=["followers"])] == [wanted]
    assert [refill["metric"] for refill in caller.claim(limit=9, metrics=None)] == ["likes"]


def test_a_private_profile_is_not_given_out(world: QueueWorld) -> None:
    """Nobody can deliver to it, so its refill waits until it is public."""
    world.queue("1")
    world.hide_profile("1")
    assert world.caller().claim() == []


def test_the_lease_is_as_long_as_asked_for(world: QueueWorld) -> None:
    """Five minutes unless the consumer says otherwise."""
    world.queue("1")
    (refill,) = world.caller().claim(lease_seconds=86_400)
    assert refill["leased_until"] == "2026-03-02T12:00:00Z"


def test_eight_threads_claim_two_hundred_refills_and_each_is_given_once(world: QueueWorld) -> None:
    """However they race, no refill has two consumers and none is left behind."""
    ids = world.queue(*map(str, range(200)))
    app, token = world.app(), world.token(Scope.REFILLS_CONSUME)
    barrier = Barrier(8)

    def consume(number: int) -> list[int]:
        client, got = app.test_client(), []
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
    """The refill is either completed or queued again, and the consumer is told which."""
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
    told = {200: "completed", 409: "queued"}
    states = [world.state(refill["refill_id"]) for refill in claimed]
    assert states == [told[status] for status in answers.result()]
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
        assert (answer.status_code, answer.json["type"]) == (409, "urn:refilld:lease-lost")
    assert world.row(mine["refill_id"]).external_id is None


def test_what_was_delivered_is_kept(world: QueueWorld) -> None:
    """The provider's id and the units are there for whoever asks later."""
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
def test_the_same_call_twice_is_answered_the_same(
    world: QueueWorld, action: str, more: dict[str, object], state: str
) -> None:
    """A consumer that did not hear the answer may ask again, and nothing happens a second time."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    body = {"lease_token": refill["lease_token"]} | more
    answers = [caller.post(f"/{refill_id}/{action}", body) for _ in range(3)]
    assert [answer.json for answer in answers] == [{"refill_id": refill_id, "state": state}] * 3
    assert world.events(refill_id) == ["queued", "claimed", state]


def test_a_repeated_call_is_answered_even_when_the_refill_has_moved_on(world: QueueWorld) -> None:
    """Another consumer's claim does not turn an old answer into an error."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (first,) = caller.claim()
    release = {"lease_token": first["lease_token"]}
    caller.post(f"/{refill_id}/release", release)
    (second,) = caller.claim()
    assert caller.post(f"/{refill_id}/release", release).status_code == 200
    done = caller.post(f"/{refill_id}/complete", {"lease_token": second["lease_token"]})
    assert done.json["state"] == "completed"


@pytest.mark.parametrize("action", ["extend", "complete", "fail", "release"])
def test_a_lost_lease_is_a_conflict(world: QueueWorld, action: str) -> None:
    """Whoever was too slow learns that the refill is another's now."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    world.now += LEASE
    assert world.expire() == 1
    more = {"fail": {"reason": "too late"}, "extend": {"lease_seconds": 60}}.get(action, {})
    answer = caller.post(f"/{refill_id}/{action}", {"lease_token": refill["lease_token"]} | more)
    assert (answer.status_code, answer.json["type"]) == (409, "urn:refilld:lease-lost")
    assert world.state(refill_id) == "queued"


def test_an_extended_lease_does_not_end_at_its_first_end(world: QueueWorld) -> None:
    """The new end counts from the call."""
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


def test_a_failed_refill_comes_back_after_the_wait_that_its_consumer_named(world: QueueWorld) -> None:
    """Not a second sooner."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    body = {"lease_token": refill["lease_token"], "reason": "busy", "retry_after_seconds": 600}
    assert caller.post(f"/{refill_id}/fail", body).json["state"] == "queued"
    world.now += timedelta(seconds=599)
    assert caller.claim() == []
    world.now += timedelta(seconds=1)
    (again,) = caller.claim()
    assert again["attempt"] == 2
    assert again["lease_token"] != refill["lease_token"]


def test_the_last_attempt_makes_a_refill_dead_and_tells_the_operator_once(world: QueueWorld) -> None:
    """`queue.max_attempts` counts claims; repeating the call does not repeat the alert."""
    (refill_id,) = world.queue("1")
    caller = world.caller(app=world.app(queue={"max_attempts": 2}))
    for state in ("queued", "dead"):
        (refill,) = caller.claim()
        body = {"lease_token": refill["lease_token"], "reason": "no luck", "retry_after_seconds": 0}
        for _ in range(2):
            assert caller.post(f"/{refill_id}/fail", body).json["state"] == state
    with world.database.read() as connection:
        alerts = outbox.listed(connection, limit=9, about_drops=False)
    assert [alert.kind for alert in alerts] == ["refill.dead"]


def test_a_failure_told_twice_at_the_same_moment_is_one_alert(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two calls that both read the refill as claimed, only the one that moves it tells the operator."""
    (refill_id,) = world.queue("1")
    (claimed,) = world.claim()
    as_claimed, get = world.row(refill_id), leases.get
    first_reads = iter([as_claimed, None, as_claimed])  # each call reads once before and once after
    monkeypatch.setattr(leases, "get", lambda *asked: next(first_reads, None) or get(*asked))
    failure = leases.Failure("no such user", retryable=False)
    for _ in range(2):
        with world.database.write() as connection:
            state = leases.fail(connection, refill_id, claimed.lease_token, world.now, failure, 10)
        assert state == "dead"
    with world.database.read() as connection:
        assert len(outbox.listed(connection, limit=9, about_drops=False)) == 1


def test_a_released_refill_costs_no_attempt(world: QueueWorld) -> None:
    """It can be claimed again at once, as if nothing had been."""
    (refill_id,) = world.queue("1")
    caller = world.caller()
    for _ in range(3):
        (refill,) = caller.claim()
        assert refill["attempt"] == 1
        caller.post(f"/{refill_id}/release", {"lease_token": refill["lease_token"]})


def test_operators_decide_on_held_dead_and_queued_refills(world: QueueWorld) -> None:
    """Each verb leads to its state; it needs no body, and an empty object is none."""
    held, rejected = world.queue("1", "2", held=True)
    caller = world.caller()
    approved = {"refill_id": held, "state": "queued", "quantity": 100}
    assert caller.post(f"/{held}/approve").json == approved
    assert caller.post(f"/{rejected}/reject", {}).json["state"] == "rejected"
    (refill,) = caller.claim()
    failure = {"lease_token": refill["lease_token"], "reason": "gone", "retryable": False}
    assert caller.post(f"/{held}/fail", failure).json["state"] == "dead"
    assert caller.post(f"/{held}/requeue").json["state"] == "queued"
    assert caller.claim()[0]["attempt"] == 1
    assert caller.post(f"/{held}/cancel").status_code == 409


def test_a_verb_that_the_state_does_not_allow_changes_nothing(world: QueueWorld) -> None:
    """The refusal names the state and those that would do."""
    (refill_id,) = world.queue("1")
    answer = world.caller().post(f"/{refill_id}/approve")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:refilld:wrong-state")
    assert answer.json["detail"] == f"refill {refill_id} is queued; approve needs held"
    assert world.events(refill_id) == ["queued"]


def test_requeueing_is_refused_while_the_order_has_another_open_refill(world: QueueWorld) -> None:
    """One open refill per order, whoever asks."""
    (dead,) = world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    failure = {"lease_token": refill["lease_token"], "reason": "gone", "retryable": False}
    caller.post(f"/{dead}/fail", failure)
    world.queue("1")
    answer = caller.post(f"/{dead}/requeue")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:refilld:open-refill")
    assert world.state(dead) == "dead"


def test_pages_show_every_refill_once_newest_first(world: QueueWorld) -> None:
    """Following `next_cursor` to the end misses nothing and repeats nothing, while new ones come in."""
    ids = world.queue(*map(str, range(7)))
    caller, seen, cursor = world.caller(), [], ""
    while cursor is not None:
        page = caller.get(f"?limit=3{cursor and f'&cursor={cursor}'}").json
        seen += [refill["refill_id"] for refill in page["refills"]]
        cursor = page["next_cursor"]
        world.queue(f"new {cursor}")
    assert seen == ids[::-1]


def test_a_list_can_be_narrowed_to_a_state_and_an_order(world: QueueWorld) -> None:
    """Both filters hold together."""
    held = world.queue("1", "2", held=True)
    world.queue("3")
    caller = world.caller()
    assert [refill["refill_id"] for refill in caller.get("?state=held").json["refills"]] == held[::-1]
    (only,) = caller.get("?state=held&order_id=1").json["refills"]
    assert (only["order_id"], only["state"], only["reason"]) == ("1", "held", "mass_drop")
    assert caller.get("?state=dead&order_id=1").json == {"refills": [], "next_cursor": None}


def test_lists_never_show_lease_tokens(world: QueueWorld) -> None:
    """Whoever may look may not complete another's work."""
    world.queue("1")
    caller = world.caller()
    (refill,) = caller.claim()
    assert refill["lease_token"] not in caller.get().text
    caller.post(f"/{refill['refill_id']}/complete", {"lease_token": refill["lease_token"]})
    assert refill["lease_token"] not in caller.get().text
    assert "token" not in caller.get().text


def test_a_long_poll_is_answered_as_soon_as_there_is_something(world: QueueWorld) -> None:
    """The database is asked again in short steps, not only at the end."""
    world.stopping = event = QuickEvent()
    event.while_waiting = lambda: world.queue("1") if event.waits == 3 else None
    caller = world.caller()
    assert [refill["order_id"] for refill in caller.claim(wait_seconds=30)] == ["1"]
    assert event.waits == 3


def test_a_long_poll_ends_after_its_time_with_an_empty_list(world: QueueWorld) -> None:
    """Half a second a step: two seconds are four questions more."""
    world.stopping = event = QuickEvent()
    assert world.caller().claim(wait_seconds=2) == []
    assert event.waits == 4


def test_a_long_poll_ends_at_shutdown(world: QueueWorld) -> None:
    """Nothing is claimed any more once the process is stopping, so nothing is lost with it."""
    world.stopping = event = QuickEvent()

    def stop() -> None:
        world.queue("1")
        event.set()

    event.while_waiting = stop
    assert world.caller().claim(wait_seconds=30) == []
    assert event.waits == 1


def test_nothing_is_claimed_for_a_client_that_has_hung_up(world: QueueWorld) -> None:
    """The refill stays in the queue for somebody who listens."""
    world.stopping = event = QuickEvent()
    event.while_waiting = lambda: world.queue("1") if event.waits == 1 else None
    answer = world.caller().post(
        "/claim", {"wait_seconds": 30}, environ_overrides={"waitress.client_disconnected": lambda: True}
    )
    assert answer.json == {"refills": []}
    (refill,) = world.claim()
    assert refill.order_id == "1"


def test_at_most_half_of_the_threads_wait_at_a_time(world: QueueWorld) -> None:
    """Whoever finds the places taken is answered at once; a place that is left can be had again."""
    world.stopping = event = QuickEvent()
    app = world.app()
    places, rounds = THREADS // 2, []

    def one_more() -> None:
        event.while_waiting = one_more if event.waits < places else full
        assert world.caller(app=app).claim(wait_seconds=1) == []

    def full() -> None:
        event.while_waiting = lambda: None
        waits = event.waits
        assert world.caller(app=app).claim(wait_seconds=30) == []
        rounds.append(event.waits - waits)

    event.while_waiting = one_more
    assert world.caller(app=app).claim(wait_seconds=1) == []
    assert rounds == [0]
    waits = event.waits
    assert world.caller(app=app).claim(wait_seconds=30) == []
    assert event.waits == waits + 60


def test_a_place_is_given_back_when_asking_fails() -> None:
    """A database that is gone for a moment does not use the places up."""
    event = QuickEvent()
    patience = WaiterPool(event, 1)
    answers: list[list[int]] = [[]]
    with pytest.raises(IndexError):
        patience.poll(answers.pop, 1, bool)
    assert event.waits == 1
    assert patience.poll(list, 1, bool) == []
    assert event.waits == 3


def test_a_renamed_profile_is_refilled_under_its_new_name(world: QueueWorld) -> None:
    """The old one may belong to a stranger by now."""
    world.queue("1")
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE targets SET username_now = 'new.name'")
    caller = world.caller()
    links = {row["link"] for row in (*caller.claim(), *caller.get().json["refills"])}
    assert links == {"https://www.instagram.com/new.name/"}
