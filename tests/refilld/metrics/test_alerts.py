"""Messages are counted by channel and result."""

import pytest

from jobs.channel_round import ChannelError
from monitor.alerts.messages import Room
from monitor.events.severity import Severity
from refilld.channels import open_channels
from refilld.metrics.process import ProcessMetrics
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
