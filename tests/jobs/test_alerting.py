"""Alerting: pending alerts are sent grouped by kind, at least once, with a limited number of retries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from jobs.alerting import BATCH, TAKEN_FOR, Alerting, ChannelError, Send
from monitor.alerts.alert import Alert, AlertKind
from storage import outbox
from tests.builders import DAY, INSTANT, SECOND, START
from tests.jobs.jobs_world import JobsWorld

HELD, DEAD = AlertKind.DROP_HELD, AlertKind.REFILL_DEAD


@dataclass
class Channel:
    """Accepts messages, or raises `fails`."""

    fails: BaseException | None = None
    messages: list[tuple[str, list[str]]] = field(default_factory=list)

    def __call__(self, title: str, body: str) -> None:
        self.messages.append((title, body.split("\n")))
        if self.fails is not None:
            raise self.fails

    @property
    def texts(self) -> list[str]:
        return [text for _, texts in self.messages for text in texts]


def put(world: JobsWorld, texts: Sequence[str], kind: AlertKind = HELD) -> None:
    with world.database.write() as tx:
        for text in texts:
            outbox.add(tx, Alert(kind, text), world.now)


def alerting(world: JobsWorld, send: Send | None) -> Alerting:
    return Alerting(world.database, world.clock, send)


def states(world: JobsWorld) -> list[str]:
    return world.rows("outbox", "state")


def test_alerts_of_one_kind_go_out_in_one_message(world: JobsWorld) -> None:
    """The title contains the number; each kind gets its own message."""
    put(world, ["held 1", "held 2"])
    put(world, ["dead"], DEAD)
    channel = Channel()
    alerting(world, channel).run_once()
    expected = [("refilld: drop.held (2)", ["held 1", "held 2"]), ("refilld: refill.dead", ["dead"])]
    assert sorted(channel.messages) == expected
    assert world.rows("outbox", "state", "sent_at") == [("sent", START)] * 3


def test_a_message_holds_at_most_one_batch(world: JobsWorld) -> None:
    """More alerts than a batch make further messages; none is lost."""
    texts = [f"held {number}" for number in range(BATCH + 1)]
    put(world, texts)
    channel = Channel()
    alerting(world, channel).run_once()
    assert [len(lines) for _, lines in channel.messages] == [BATCH, 1]
    assert sorted(channel.texts) == sorted(texts)


def test_alerts_beyond_the_limit_of_a_round_go_out_in_the_next(world: JobsWorld) -> None:
    """A round sends at most twenty batches."""
    texts = [f"held {number}" for number in range(20 * BATCH + 1)]
    put(world, texts)
    channel = Channel()
    alerting(world, channel).run_once()
    assert len(channel.texts) == 20 * BATCH
    alerting(world, channel).run_once()
    assert sorted(channel.texts) == sorted(texts)


def test_a_sent_alert_is_never_sent_again(world: JobsWorld) -> None:
    """Neither in the next round nor a day later."""
    put(world, ["held"])
    channel = Channel()
    for world.now in (START, START + SECOND, START + DAY):
        alerting(world, channel).run_once()
    assert channel.texts == ["held"]


def test_a_refused_message_is_retried_with_growing_waits_and_given_up_after_the_last_attempt(
    world: JobsWorld,
) -> None:
    """30 seconds, doubled each time, twelve attempts in all; the row keeps the reason."""
    put(world, ["held"])
    channel = Channel(fails=ChannelError("alerts.urls number 1 did not take the message"))
    tried = []
    while due := world.rows("outbox", "next_try_at")[0]:
        world.now = due - INSTANT
        alerting(world, channel).run_once()
        world.now = due
        alerting(world, channel).run_once()
        tried.append(world.now)
    assert len(channel.messages) == len(tried) == outbox.MAX_ATTEMPTS
    waits = [(later - earlier) / SECOND for earlier, later in pairwise(tried)]
    assert waits == [30.0 * 2**i for i in range(outbox.MAX_ATTEMPTS - 1)]
    assert world.rows("outbox", "state", "attempts", "last_error") == [
        ("failed", outbox.MAX_ATTEMPTS, "alerts.urls number 1 did not take the message")
    ]


def test_a_failing_message_does_not_block_other_kinds(world: JobsWorld) -> None:
    """The other message is sent in the same round."""
    put(world, ["held"])
    put(world, ["dead"], DEAD)

    def send(title: str, _body: str) -> None:
        if "held" in title:
            raise ChannelError("no")

    alerting(world, send).run_once()
    assert states(world) == ["pending", "sent"]


def test_without_a_channel_alerts_are_kept_and_not_sent(world: JobsWorld) -> None:
    """A channel configured later does not send old alerts."""
    put(world, ["held"])
    alerting(world, None).run_once()
    assert states(world) == ["kept"]
    channel = Channel()
    world.now += DAY
    alerting(world, channel).run_once()
    assert channel.messages == []


@pytest.mark.parametrize("death", [SystemExit("killed"), KeyboardInterrupt(), ValueError("bug")])
def test_a_delivery_that_never_returns_is_repeated(world: JobsWorld, death: BaseException) -> None:
    """At least once: the process may have died before or after the channel took the message."""
    put(world, ["held"])
    channel = Channel(fails=death)
    with pytest.raises(type(death)):
        alerting(world, channel).run_once()
    channel.fails = None
    for world.now in (START + TAKEN_FOR - INSTANT, START + TAKEN_FOR):
        alerting(world, channel).run_once()
    assert channel.texts == ["held", "held"]
    assert states(world) == ["sent"]


def test_an_empty_round_sends_nothing(world: JobsWorld) -> None:
    """The channel is not called."""
    channel = Channel()
    alerting(world, channel).run_once()
    assert channel.messages == []


def test_an_alert_is_pending_until_the_channel_has_accepted_it(world: JobsWorld) -> None:
    """During the delivery it is claimed by this sender."""
    put(world, ["held"])
    seen: list[object] = []
    alerting(world, lambda *_: seen.extend(world.rows("outbox", "state", "next_try_at"))).run_once()
    assert seen == [("pending", START + TAKEN_FOR)]
