"""Messages are counted by channel and result."""

from dataclasses import replace

import pytest

from jobs.channel_round import ChannelError
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.messages import Room
from monitor.alerts.routes import DEFAULT
from monitor.events.kind import EventKind
from monitor.events.severity import Severity
from refilld.channels import open_channels
from refilld.metrics.process import ProcessMetrics
from storage import events, silences
from storage.engine import Database
from storage.silences import NewSilence
from tests.alert_job import an_alerting
from tests.builders import HOUR, NOW, an_event
from tests.jobs.alert_world import Inbox
from tests.refilld.inbox import an_inbox
from tests.refilld.metrics.samples import above_zero, samples, value

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
"""Apprise loads all its plugins with the first address; one of them uses a deprecated module."""


class BusyChannel:
    """A channel at its limit."""

    key = "busy"
    room = Room(1000, None, len, title_counts=True)

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        raise ChannelError("too many requests", limited=True)


def test_messages_are_counted_by_channel_and_result() -> None:
    """A refusal is still an error, and a counted channel is as the channel is."""
    metrics = ProcessMetrics()
    with an_inbox() as inbox:
        opened = open_channels([inbox.address, f"{inbox.address}/refuse"])
        good, bad, busy = metrics.alerts.observed([*opened, BusyChannel()])
        assert [good.key, good.room] == [opened[0].key, opened[0].room]
        assert value(metrics.registry, "alert_messages_total", channel=bad.key, result="refused") == 0
        for _ in range(2):
            good.send("title", "body", Severity.INFO)
        for channel in (bad, busy):
            with pytest.raises(ChannelError):
                channel.send("title", "body", Severity.INFO)
        assert [message["message"] for message in inbox.messages] == ["body", "body", "body"]
    assert above_zero(metrics.registry, "alert_messages_total") == {
        (good.key, "accepted"): 2, (bad.key, "refused"): 1, ("busy", "limited"): 1,
    }  # fmt: skip


def test_no_url_becomes_a_label() -> None:
    """URLs hold secrets."""
    metrics = ProcessMetrics()
    metrics.alerts.observed(open_channels(["json://user:s3cretword@localhost/s3cretpath"]))
    found = samples(metrics.registry, ["alert"])
    assert len(found) == 3
    assert not any("s3cret" in line or "localhost" in line for line in found)


def test_alerts_are_counted_by_receiver_and_reason(database: Database) -> None:
    """One is told, one is silenced; the next round, in which nothing is new, counts nothing."""
    metrics = ProcessMetrics()
    metrics.alerts.expect([DEFAULT])
    with database.write() as tx:
        silences.add(tx, NewSilence(parse_matchers("kind=drop.held"), "ana", "", NOW, NOW + HOUR), NOW)
        for kind in (EventKind.DROP_HELD, EventKind.REFILL_DEAD):
            events.add(tx, an_event(kind, "text"), NOW)
    job = replace(an_alerting(database, lambda: NOW, [Inbox("mail")]), observer=metrics.alerts)
    for _ in range(2):
        job.run_once()
    assert value(metrics.registry, "alerts_told_total", receiver=DEFAULT, reason="repeat") == 0
    assert above_zero(metrics.registry, "alerts_told_total") == {("new_alerts", DEFAULT): 1}
    assert above_zero(metrics.registry, "alerts_suppressed_total") == {("silenced", DEFAULT): 1}
