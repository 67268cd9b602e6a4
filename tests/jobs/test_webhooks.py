"""The webhooks job: each event to each subscriber, at least once, and nobody waits for a slow one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Lock

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from jobs.webhook_attempt import WebhookAttempts
from jobs.webhooks import THREADS, Webhooks
from monitor.events.kind import EventKind
from monitor.events.refills import refill_dead
from monitor.events.sources import source_blocked
from monitor.webhooks.verdict import FAILING_FOR, WebhookAnswer
from refilld.metrics.webhooks import WebhookMetrics
from storage import events, webhooks
from tests.builders import DAY, HOUR, MINUTE, SECOND, an_event, an_order
from tests.jobs.jobs_world import JobsWorld
from tests.refilld.metrics.samples import above_zero
from tests.storage.webhook_rows import an_endpoint, happen, states

ANSWERED = WebhookAnswer(200, "", timedelta(0))
DOWN = WebhookAnswer(500, "status 500", timedelta(0))


@dataclass
class ScriptedSender:
    """Answers as `reply` says for a URL, and keeps what it was given."""

    reply: Callable[[str], WebhookAnswer] = lambda _url: ANSWERED
    sent: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: Lock = field(default_factory=Lock)

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> WebhookAnswer:
        with self.lock:
            self.sent.append((url, headers, body))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self.reply(url)
        finally:
            with self.lock:
                self.at_once -= 1

    def ids(self, url: str) -> list[str]:
        with self.lock:
            return [headers["webhook-id"] for to, headers, _ in self.sent if to == url]


def job_of(world: JobsWorld, sender: ScriptedSender) -> Webhooks:
    attempts = WebhookAttempts(world.database, world.clock, sender, lambda: 0)
    return Webhooks(world.database, world.clock, attempts, lambda: world.stopping, world.heartbeat)


def run(world: JobsWorld, sender: ScriptedSender) -> None:
    job = job_of(world, sender)
    job.run_once()
    job.finish()


def url(name: str) -> str:
    return f"https://{name}.test/"


def test_each_subscriber_gets_each_event_that_it_wants_once(world: JobsWorld) -> None:
    """By kind and filter."""
    an_endpoint(world.database, url("all"))
    an_endpoint(world.database, url("drops"), kinds=("drop.*",))
    an_endpoint(world.database, url("acme"), kinds=("refill.*",), providers=("acme",))
    an_endpoint(world.database, url("others"), providers=("other",))
    happen(world.database, "graph", at=world.now)
    happen(world.database, "", event=refill_dead(an_order("1", provider="acme"), 1, 5, "x"), at=world.now)
    sender = ScriptedSender()
    for _ in range(2):
        run(world, sender)
    assert sorted(sender.ids(url("all"))) == ["evt_1", "evt_2"]
    assert sender.ids(url("acme")) == ["evt_2"]
    assert sender.ids(url("drops")) == sender.ids(url("others")) == []


def test_each_attempt_is_counted_by_endpoint_and_result(world: JobsWorld) -> None:
    """After it is committed."""
    endpoints = [an_endpoint(world.database, url(name)) for name in ("up", "down")]
    happen(world.database, "graph", at=world.now)
    metrics = WebhookMetrics(registry := CollectorRegistry())
    sender = ScriptedSender(lambda to: ANSWERED if to == url("up") else DOWN)
    attempts = WebhookAttempts(world.database, world.clock, sender, lambda: 0, metrics.recorded)
    job = Webhooks(world.database, world.clock, attempts, lambda: world.stopping, world.heartbeat)
    job.run_once()
    job.finish()
    up, down = map(str, endpoints)
    assert above_zero(registry, "webhook_messages_total") == {(up, "accepted"): 1, (down, "refused"): 1}


def test_an_event_that_was_forgotten_before_it_was_sent_is_not_sent(world: JobsWorld) -> None:
    """Nothing is left of it but a text."""
    an_endpoint(world.database)
    happen(world.database, "", event=an_event(EventKind.DROP_HELD, "(forgotten)"), at=world.now)
    sender = ScriptedSender()
    run(world, sender)
    assert sender.sent == []


def test_an_endpoint_gets_nothing_that_was_taken_up_before_it_was_added(world: JobsWorld) -> None:
    happen(world.database, "before")
    sender = ScriptedSender()
    run(world, sender)
    endpoint_id = an_endpoint(world.database)
    run(world, sender)
    assert states(world.database, endpoint_id) == []


def test_what_shadow_mode_keeps_is_not_sent(world: JobsWorld) -> None:
    """A receiver may tell customers."""
    endpoint_id = an_endpoint(world.database)
    with world.database.write() as tx:
        events.add(tx, source_blocked("graph", "blocked", None), world.now, keep=True)
    run(world, ScriptedSender())
    assert states(world.database, endpoint_id) == []


def test_a_failed_message_is_sent_again_with_the_same_id_and_body_and_a_new_time(world: JobsWorld) -> None:
    """After 5 seconds, then 5 minutes; the others go on meanwhile."""
    endpoint_id = an_endpoint(world.database, url("one"))
    happen(world.database, "graph", at=world.now)
    sender = ScriptedSender(lambda _url: DOWN)
    run(world, sender)
    for wait, attempts in ((4 * SECOND, 1), (SECOND, 2), (5 * MINUTE, 3)):
        world.now += wait
        run(world, sender)
        assert len(sender.sent) == attempts
    sender.reply = lambda _url: ANSWERED
    world.now += 30 * MINUTE
    run(world, sender)
    assert states(world.database, endpoint_id) == ["delivered"]
    assert sender.ids(url("one")) == ["evt_1"] * 4
    assert len({body for _, _, body in sender.sent}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in sender.sent}) == 4


def test_a_slow_endpoint_holds_up_only_itself(world: JobsWorld) -> None:
    """It has at most four threads; the round does not wait for them."""
    an_endpoint(world.database, url("slow"))
    quick = an_endpoint(world.database, url("quick"))
    happen(world.database, *(f"source {number}" for number in range(10)), at=world.now)
    release, stuck = Event(), Event()

    def reply(to: str) -> WebhookAnswer:
        if to == url("slow"):
            stuck.set()
            release.wait(30)
        return ANSWERED

    sender, busy = ScriptedSender(reply), Event()
    job = job_of(world, sender)
    job.run_once()
    assert stuck.wait(30)
    for _ in range(3000):
        if states(world.database, quick) == ["delivered"] * 10:
            break
        busy.wait(0.01)
    job.run_once()
    assert states(world.database, quick) == ["delivered"] * 10
    assert len(sender.ids(url("slow"))) <= THREADS
    release.set()
    job.finish()
    assert len(set(sender.ids(url("slow")))) == 10
    assert sender.most_at_once <= 2 * THREADS


def test_a_stop_sends_nothing_more(world: JobsWorld) -> None:
    endpoint_id = an_endpoint(world.database)
    happen(world.database, *map(str, range(20)), at=world.now)
    sender = ScriptedSender()

    def stop(_url: str) -> WebhookAnswer:
        world.stopping = True
        return ANSWERED

    sender.reply = stop
    run(world, sender)
    assert len(sender.sent) <= THREADS
    assert states(world.database, endpoint_id).count("delivered") == len(sender.sent)


def test_an_endpoint_under_load_rests(world: JobsWorld) -> None:
    """Also for its other messages, for as long as it asks."""
    an_endpoint(world.database, url("one"))
    happen(world.database, *map(str, range(20)), at=world.now)
    sender = ScriptedSender(lambda _url: WebhookAnswer(429, "status 429", timedelta(0), 10 * MINUTE))
    run(world, sender)
    tried = len(sender.sent)
    assert tried <= THREADS
    world.now += 10 * MINUTE - SECOND
    run(world, sender)
    assert len(sender.sent) == tried
    world.now += SECOND
    sender.reply = lambda _url: ANSWERED
    run(world, sender)
    assert len(set(sender.ids(url("one")))) == 20


@pytest.mark.parametrize(
    ("answer", "after", "reason"),
    [(WebhookAnswer(410, "status 410", timedelta(0)), timedelta(0), "gone"), (DOWN, FAILING_FOR, "failing")],
)
def test_an_endpoint_that_is_gone_or_fails_for_days_is_disabled_and_told(
    world: JobsWorld, answer: WebhookAnswer, after: timedelta, reason: str
) -> None:
    """As an alert, and to the other endpoints; never to itself."""
    endpoint_id = an_endpoint(world.database, url("dead"))
    an_endpoint(world.database, url("other"), kinds=("webhook.*",))
    happen(world.database, "graph", at=world.now)
    sender = ScriptedSender(lambda to: answer if to == url("dead") else ANSWERED)
    run(world, sender)
    if after:
        world.now += after
        happen(world.database, "later", at=world.now)
        run(world, sender)
    run(world, sender)
    before = len(sender.ids(url("dead")))
    world.now += DAY
    happen(world.database, "too late", at=world.now)
    run(world, sender)
    assert len(sender.ids(url("dead"))) == before
    with world.database.read() as tx:
        assert webhooks.get(tx, endpoint_id).disabled_reason == reason
    (told,) = [row for row in world.alerts() if row.kind == "webhook.disabled"]
    assert told.severity == "warning"
    assert told.text.startswith(f"webhook endpoint {endpoint_id} (dead.test) is disabled: it ")
    assert len(sender.ids(url("other"))) == 1
    assert "pending" not in states(world.database, endpoint_id)


def test_one_success_ends_the_count_of_failing_days(world: JobsWorld) -> None:
    endpoint_id = an_endpoint(world.database)
    for answer in (DOWN, ANSWERED, DOWN):
        happen(world.database, "graph", at=world.now)
        run(world, ScriptedSender(lambda _url, answer=answer: answer))  # type: ignore[misc]
        world.now += FAILING_FOR - HOUR
    with world.database.read() as tx:
        assert webhooks.get(tx, endpoint_id).disabled_at is None


def test_a_fault_of_ours_costs_one_attempt_and_is_logged(world: JobsWorld) -> None:
    endpoint_id = an_endpoint(world.database)
    happen(world.database, "graph", at=world.now)

    def break_down(_url: str) -> WebhookAnswer:
        raise ZeroDivisionError

    with capture_logs() as logs:
        run(world, ScriptedSender(break_down))
    assert [line["event"] for line in logs] == ["webhooks.fault", "webhooks.failed"]
    assert states(world.database, endpoint_id) == ["pending"]


def test_an_endpoint_that_is_removed_while_a_message_is_sent_is_no_fault(world: JobsWorld) -> None:
    endpoint_id = an_endpoint(world.database)
    happen(world.database, "graph", at=world.now)

    def remove(_url: str) -> WebhookAnswer:
        with world.database.write() as tx:
            webhooks.remove(tx, endpoint_id)
        return ANSWERED

    with capture_logs() as logs:
        run(world, ScriptedSender(remove))
    assert logs == []


def test_the_log_has_neither_url_nor_secret(world: JobsWorld) -> None:
    an_endpoint(world.database, "https://hooks.test/T0K3N")
    happen(world.database, "graph", at=world.now)
    with capture_logs() as logs:
        run(world, ScriptedSender(lambda _url: DOWN))
    assert logs == [
        {"event": "webhooks.failed", "log_level": "warning", "endpoint": 1, "error": "status 500",
         "once_a_minute": True},
    ]  # fmt: skip


def test_a_full_database_of_events_is_taken_up_in_batches(
    world: JobsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a heartbeat after each."""
    monkeypatch.setattr("jobs.webhooks.EVENTS", 3)
    endpoint_id = an_endpoint(world.database)
    happen(world.database, *map(str, range(10)), at=world.now)
    run(world, ScriptedSender())
    assert len(states(world.database, endpoint_id)) == 10
    assert world.beats == 3
