"""The storage alarm: a fault of the database is told without the database, once, and so is its end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, Queue

import pytest
from structlog.testing import capture_logs

from jobs.channel_round import ChannelError
from monitor.alerts.messages import Room
from monitor.events.severity import Severity
from refilld.daemon.storage_alarm import TITLE, TITLE_OVER, StorageAlarm
from tests.builders import START

SOON = timedelta(milliseconds=20)
FULL = "database refilld.db: database or disk is full"
ZERO = timedelta(0)


@dataclass
class QueueChannel:
    """A channel that takes messages, or refuses them."""

    refuses: Callable[[], bool] = lambda: False
    key: str = "one"
    room: Room = field(default_factory=lambda: Room(1000, None, len, title_counts=False))
    sent: Queue[tuple[str, str]] = field(default_factory=Queue)
    tried: int = 0

    def send(self, title: str, body: str, severity: Severity, *, resolved: bool = False) -> None:
        self.tried += 1
        if self.refuses():
            raise ChannelError("no")
        assert (title == TITLE_OVER) is resolved is (severity is Severity.INFO)
        self.sent.put((title, body))

    def next(self) -> tuple[str, str]:
        return self.sent.get(timeout=10)

    def nothing_more(self) -> None:
        """No message comes within several of the times that the tests use."""
        with pytest.raises(Empty):
            self.sent.get(timeout=5 * SOON.total_seconds())


def alarm_on(
    *channels: QueueChannel,
    after: timedelta = ZERO,
    repeat: timedelta = timedelta(hours=1),
    settle: timedelta = ZERO,
) -> StorageAlarm:
    return StorageAlarm(channels, lambda: START, after, repeat, settle)


def test_a_fault_and_its_end_are_told_once_to_every_channel() -> None:
    """With what is wrong and since when."""
    channels = QueueChannel(), QueueChannel()
    alarm = alarm_on(*channels)
    for _ in range(3):
        alarm.began(FULL)
    for channel in channels:
        title, text = channel.next()
        assert (title, FULL in text, "2026-03-01 12:00 UTC" in text) == (TITLE, True, True)
    assert alarm.fault == FULL
    for _ in range(3):
        alarm.ended()
    assert {channel.next()[0] for channel in channels} == {TITLE_OVER}
    assert alarm.fault == ""
    channels[0].nothing_more()


def test_a_fault_that_ends_soon_is_not_told() -> None:
    """Neither is its end."""
    channel = QueueChannel()
    alarm = alarm_on(channel, after=timedelta(hours=1))
    alarm.began(FULL)
    alarm.ended()
    channel.nothing_more()


def test_a_fault_that_returns_after_its_end_was_told_is_told_again() -> None:
    """At once, and not an hour after the first."""
    channel = QueueChannel()
    alarm = alarm_on(channel)
    for _ in range(2):
        alarm.began(FULL)
        assert channel.next()[0] == TITLE
        alarm.ended()
        assert channel.next()[0] == TITLE_OVER


def test_a_fault_that_lasts_is_told_every_hour() -> None:
    channel = QueueChannel()
    alarm_on(channel, repeat=SOON).began(FULL)
    assert [channel.next()[0] for _ in range(3)] == [TITLE] * 3


def test_a_fault_that_comes_and_goes_is_told_once() -> None:
    """As on a full disk, where the write-ahead log takes what was freed."""
    channel = QueueChannel()
    alarm = alarm_on(channel, settle=timedelta(hours=1))
    for _ in range(3):
        alarm.began(FULL)
        if channel.tried == 0:
            assert channel.next()[0] == TITLE
        alarm.ended()
    channel.nothing_more()


def test_a_fault_is_told_after_it_has_lasted() -> None:
    channel = QueueChannel()
    alarm_on(channel, after=SOON).began(FULL)
    assert channel.next()[0] == TITLE


def test_a_message_that_no_channel_took_is_tried_again() -> None:
    """Until one of them takes it."""
    channel = QueueChannel()
    channel.refuses = lambda: channel.tried < 3
    alarm_on(channel, after=SOON).began(FULL)
    assert channel.next()[0] == TITLE
    assert channel.tried == 3


def test_a_fault_is_logged_once_without_channels_too() -> None:
    with capture_logs() as logs:
        alarm = alarm_on()
        alarm.began(FULL)
        alarm.began(FULL)
        alarm.ended()
        alarm.ended()
    assert [line["event"] for line in logs] == ["storage.fault", "storage.ready"]
    assert logs[0]["error"] == FULL
