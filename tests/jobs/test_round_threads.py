"""Rounds of channels: a receiver that does not answer delays no other channel, and no stop."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from threading import enumerate as enumerate_threads

import pytest
from monitor.alerts.alert import Alert, AlertKind
from structlog.testing import capture_logs

from jobs.alerting import Alerting
from refilld.channels import open_channels
from refilld.daemon.daemon import Daemon
from refilld.settings.settings import Settings
from storage import outbox
from tests.builders import MINUTE
from tests.jobs.jobs_world import JobsWorld
from tests.refilld.inbox import Inbox, an_inbox
from tests.refilld.receiver import DRIPPED_BODY, Receiver, a_receiver

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""
SHORT = timedelta(seconds=0.3)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with an_inbox() as inbox:
        yield inbox


def put(world: JobsWorld, text: str) -> None:
    with world.database.write() as tx:
        outbox.add(tx, Alert(AlertKind.DROP_HELD, text), world.now)


def alerting(world: JobsWorld, receiver: Receiver, inbox: Inbox, stopping: Event) -> Alerting:
    channels = open_channels([receiver.address("json"), inbox.address])
    return Alerting(
        world.database, world.clock, channels, world.wait, stopped=stopping.is_set, patience=SHORT
    )


def test_a_channel_that_does_not_answer_delays_no_other(world: JobsWorld, inbox: Inbox) -> None:
    """It gets nothing more meanwhile, and its alerts stay pending; the other one has each alert once."""
    with a_receiver(DRIPPED_BODY) as receiver:
        job = alerting(world, receiver, inbox, Event())
        for text in ("first", "second"):
            put(world, text)
            began = time.monotonic()
            job.run_once()
            assert time.monotonic() - began < 2
            world.now += MINUTE
        assert [message["message"] for message in inbox.messages] == ["first", "second"]
        assert len(receiver.requests) == 1
        assert world.rows("outbox", "state") == ["pending"] * 2
    replace(job, patience=MINUTE).run_once()
    assert world.rows("outbox", "state") == ["pending"] * 2
    assert len(inbox.messages) == 2


def test_the_daemon_stops_while_a_channel_answers(world: JobsWorld) -> None:
    """Without a message that counts as sent."""
    stopping = Event()
    with a_receiver(DRIPPED_BODY) as receiver:
        settings = Settings.model_validate({"alerts": {"urls": [receiver.address("json")], "every": "1h"}})
        put(world, "first")

        def stop() -> None:
            receiver.asked.wait(10)
            stopping.set()

        Thread(target=stop).start()
        began = time.monotonic()
        with capture_logs():
            Daemon(settings, world.database, world.clock, stopping).run((), http=False)
        assert (receiver.asked.is_set(), time.monotonic() - began < 5) == (True, True)
        assert world.rows("outbox", "state") == ["pending"]
    for thread in enumerate_threads():
        if thread.name == "channel-round":
            thread.join(10)


def test_a_stop_waits_for_no_answer(world: JobsWorld, inbox: Inbox) -> None:
    """What was not taken is sent after the next start."""
    stopping = Event()
    stopping.set()
    with a_receiver(DRIPPED_BODY) as receiver:
        put(world, "first")
        job = replace(alerting(world, receiver, inbox, stopping), patience=MINUTE)
        began = time.monotonic()
        job.run_once()
        assert time.monotonic() - began < 1
    replace(job, stopped=lambda: False).run_once()
    assert world.rows("outbox", "state") == ["pending"]
