"""Claims that wait for a refill, without their server."""

from datetime import timedelta
from queue import Queue
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select

from monitor.events.kind import EventKind
from monitor.model.target import Metric
from refilld.api import long_poll
from refilld.metrics.process import ProcessMetrics
from storage import leases, tokens
from storage.alert_tables import events
from storage.leases import Failure
from storage.queue_signal import QUEUED
from storage.queue_watch import QueueWatch
from storage.tokens import Scope
from tests import lease_calls
from tests.refilld.metrics.samples import above_zero
from tests.refilld.queue_world import LEASE, QueueWorld
from tests.refilld.waiting_claims import MAX_WAIT, Client, deferred, waiting

LIKES = [str(Metric.LIKES)]


@pytest.fixture
def token(world: QueueWorld) -> str:
    return world.token(Scope.REFILLS_CONSUME)


@pytest.fixture
def app(world: QueueWorld) -> Flask:
    return world.app()


def test_a_long_poll_is_answered_when_a_refill_is_queued(world: QueueWorld, app: Flask, token: str) -> None:
    client = waiting(app, token)
    assert not client.sent.is_set()
    world.queue("1")
    assert client.order_ids() == ["1"]


def test_the_signal_ends_the_wait_long_before_the_next_look(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a look an hour later would find the refill."""
    monkeypatch.setattr(long_poll, "POLL_INTERVAL", 3600.0)
    first, second = waiting(app, token, limit=1), waiting(app, token, limit=1)
    world.queue("1")
    assert first.order_ids() == ["1"]
    world.queue("2")
    assert second.order_ids() == ["2"]


def test_a_refill_queued_by_another_process_ends_the_wait(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite its signal does not reach this one."""
    monkeypatch.setattr(QUEUED, "note", lambda: None)
    client = waiting(app, token)
    world.queue("1")
    assert client.order_ids() == ["1"]


class Rests(Event):
    """Notes how long is rested between two looks."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: Queue[float | None] = Queue()

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.put(timeout)
        return super().wait(timeout)


def test_the_rest_between_two_looks_grows_with_the_distinct_filters(world: QueueWorld, token: str) -> None:
    """So a token with 300 of them does not keep a processor busy; further claims of a filter cost no look."""
    world.stopping = rests = Rests()
    app = world.app()
    clients = [waiting(app, token, services=[one]) for one in ("a", "a", "b", "a", "c")]
    seen = {rests.seconds.get(timeout=MAX_WAIT)}
    while 3 / 300 not in seen:
        seen.add(rests.seconds.get(timeout=MAX_WAIT))
    assert seen <= {1 / 300, 2 / 300, 3 / 300}
    assert not any(client.sent.is_set() for client in clients)


def test_the_end_of_a_back_off_ends_the_wait(world: QueueWorld, app: Flask, token: str) -> None:
    """Nothing is written then."""
    (refill_id,) = world.queue("1")
    (refill,) = world.claim()
    with world.database.write() as tx:
        lease_calls.fail(tx, refill_id, refill.lease_token, world.now, Failure("busy"), max_attempts=5)
    client = waiting(app, token)
    assert client.asked.wait(MAX_WAIT)
    assert not client.sent.is_set()
    world.now += timedelta(hours=1)
    assert client.order_ids() == ["1"]


def test_a_long_poll_ends_after_its_time_with_an_empty_list(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [0.0]
    monkeypatch.setattr(long_poll, "monotonic", lambda: times[-1])
    brief, long = waiting(app, token, wait_seconds=2), waiting(app, token, wait_seconds=30)
    times.append(2.0)
    assert brief.refills() == []
    assert not long.sent.is_set()
    times.append(30.0)
    assert long.refills() == []


def test_a_long_poll_ends_at_shutdown(world: QueueWorld, app: Flask, token: str) -> None:
    """Nothing is claimed while the process stops, so no lease is lost."""
    client = waiting(app, token)
    late = Client(deferred(app, token))
    world.stopping.set()
    (refill_id,) = world.queue("1")
    assert client.refills() == []
    assert not late.answer.wait(late)
    assert world.state(refill_id) == "queued"


def test_nothing_is_claimed_for_a_disconnected_client(world: QueueWorld, app: Flask, token: str) -> None:
    """The refill goes to the next one."""
    gone, next_one = waiting(app, token), waiting(app, token)
    gone.gone = True
    world.queue("1")
    assert next_one.order_ids() == ["1"]
    assert gone.refills() == []


def test_refills_go_to_those_who_wait_longest(world: QueueWorld, app: Flask, token: str) -> None:
    """As many as they want; the others keep their places."""
    clients = [waiting(app, token, limit=limit) for limit in (1, 2, 1, 1)]
    world.queue("1", "2", "3")
    assert [client.order_ids() for client in clients[:2]] == [["1"], ["2", "3"]]
    world.queue("4")
    assert clients[2].order_ids() == ["4"]
    assert not clients[3].sent.is_set()


def test_a_claim_waits_for_what_it_wants(world: QueueWorld, app: Flask, token: str) -> None:
    """One that waits for something else before it holds up nobody."""
    likes, followers = waiting(app, token, metrics=LIKES), waiting(app, token)
    world.queue("1")
    assert followers.order_ids() == ["1"]
    assert not likes.sent.is_set()
    world.queue("2", metric=Metric.LIKES)
    assert likes.order_ids() == ["2"]


def test_many_waiting_claims_are_served_in_several_transactions(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few claims in each, and few refills, so that others can write between."""
    monkeypatch.setattr(long_poll, "_AT_ONCE", 2)
    monkeypatch.setattr(long_poll, "_MOST_REFILLS", 2)
    clients = [waiting(app, token, limit=2) for _ in range(5)]
    world.queue(*map(str, range(10)))
    assert [client.order_ids() for client in clients] == [[str(i), str(i + 1)] for i in range(0, 10, 2)]


def test_a_claim_that_finds_too_many_waiting_is_answered_at_once(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that becomes free can be used again."""
    monkeypatch.setattr(long_poll, "MOST_WAITING", 2)
    first, _ = waiting(app, token), waiting(app, token)
    late = Client(deferred(app, token))
    assert not late.answer.wait(late)
    assert late.answer.get_json() == {"refills": []}
    world.queue("1")
    assert first.order_ids() == ["1"]
    assert late.answer.wait(late)


def test_a_waiting_claim_is_told_when_the_database_is_not_available(
    world: QueueWorld, app: Flask, token: str
) -> None:
    """As any other request; the next claims are served when it comes back."""
    client = waiting(app, token)
    with world.database.write() as tx:
        tx.exec_driver_sql("ALTER TABLE refills RENAME TO mislaid")
    assert client.sent.wait(MAX_WAIT)
    assert client.answer.status_code == 503
    assert client.answer.headers["Retry-After"] == "5"
    assert client.answer.get_json()["detail"] == "The database is not available."
    with world.database.write() as tx:
        tx.exec_driver_sql("ALTER TABLE mislaid RENAME TO refills")
    again = waiting(app, token)
    world.queue("1")
    assert again.order_ids() == ["1"]


def test_a_defect_is_told_to_those_who_wait(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and later claims are served."""
    client = waiting(app, token)
    with monkeypatch.context() as defect:
        defect.setattr(leases, "anything_ready", lambda *_: 1 / 0)
        assert client.sent.wait(MAX_WAIT)
    assert client.answer.status_code == 500
    again = waiting(app, token)
    world.queue("1")
    assert again.order_ids() == ["1"]


def test_a_defect_between_two_looks_does_not_end_all_service(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who wait are told, and the next claim is served."""
    with monkeypatch.context() as defect:
        defect.setattr(QueueWatch, "wait", lambda _watch, *_seconds: 1 / 0)
        client = waiting(app, token)
        assert client.sent.wait(MAX_WAIT)
        assert client.answer.status_code == 500
    client = waiting(app, token)
    world.queue("1")
    assert client.order_ids() == ["1"]


def test_a_claim_goes_behind_one_that_waits_for_the_same(
    world: QueueWorld, app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a refill is ready, at which that one has not looked yet."""
    monkeypatch.setattr(long_poll, "POLL_INTERVAL", 0.5)
    monkeypatch.setattr(QUEUED, "note", lambda: None)
    first = waiting(app, token)
    assert first.asked.wait(MAX_WAIT)
    world.queue("1")
    second = waiting(app, token)
    assert first.order_ids() == ["1"]
    assert not second.sent.is_set()


def test_without_a_server_that_defers_answers_a_claim_is_answered_at_once(world: QueueWorld) -> None:
    assert world.caller().claim(wait_seconds=30) == []


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_nothing_is_claimed_for_a_token_that_is_no_longer_valid(
    world: QueueWorld, app: Flask, how: str
) -> None:
    """Its claim is refused as any other request; the refill stays."""
    with world.database.write() as tx:
        token = tokens.create(tx, "brief", (Scope.REFILLS_CONSUME,), world.now, lifetime=timedelta(hours=1))
    client = waiting(app, token)
    if how == "ended":
        world.now += timedelta(hours=1)
    else:
        with world.database.write() as tx:
            tokens.revoke(tx, tokens.named(tx, "brief").token_id, world.now)
    (refill_id,) = world.queue("1")
    assert client.sent.wait(MAX_WAIT)
    assert client.answer.status_code == 401
    assert client.answer.mimetype == "application/problem+json"
    assert "invalid_token" in client.answer.headers["WWW-Authenticate"]
    assert world.state(refill_id) == "queued"


def test_a_waiting_claim_is_one_request(world: QueueWorld, token: str) -> None:
    """For the limit of its token, for the metrics, which have its wait, and for the audit trail."""
    metrics, app = ProcessMetrics(), world.app(http={"requests_per_minute": 10})
    metrics.http.observe(app)
    client = waiting(app, token)
    count = "http_request_duration_seconds_count"
    assert not above_zero(metrics.registry, count)
    world.queue("1")
    assert client.order_ids() == ["1"]
    assert above_zero(metrics.registry, count) == {("POST", "/api/v1/refills/claim", "2xx"): 1}
    assert client.answer.headers["RateLimit"].startswith('"token";r=9;')
    with world.database.read() as tx:
        told = select(events.c.actor, events.c.request_id).where(events.c.kind == EventKind.REFILL_CLAIMED)
        assert tx.execute(told).all() == [("token test", client.answer.headers["X-Request-Id"])]


def test_an_answer_after_a_wait_has_the_fields_of_any_claim(
    world: QueueWorld, app: Flask, token: str
) -> None:
    client = waiting(app, token, lease_seconds=int(LEASE.total_seconds()))
    world.queue("1")
    (refill,) = client.refills()
    world.queue("2")
    (at_once,) = world.caller(app=app).claim()
    assert refill.keys() == at_once.keys()
    assert client.answer.headers["Cache-Control"] == "no-store"
