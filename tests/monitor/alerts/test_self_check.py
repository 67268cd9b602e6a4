"""The self-check: each condition is told when it has lasted, and not before."""

from dataclasses import replace

import pytest

from monitor.alerts.self_check import (
    MonitorState,
    ReadingGap,
    SelfCheckLimits,
    Undelivered,
    begun_events,
    conditions,
)
from monitor.events.catalogue import severity_of, status_of
from monitor.events.kind import EventKind
from monitor.events.monitoring import ENDED_BY, DiskLow, QueueStalled, begun, ended
from monitor.events.severity import Severity, Status
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.event_rows import text_of

LIMITS = SelfCheckLimits(3 * HOUR, HOUR, DAY, free_bytes=1000)


def found(state: MonitorState, *on: EventKind) -> list[EventKind]:
    return [*conditions(state, LIMITS, on, NOW)]


def test_a_healthy_monitor_has_no_condition() -> None:
    assert found(MonitorState(ReadingGap(NOW - MINUTE, NOW - DAY), None, 1000, NOW - HOUR)) == []
    assert found(MonitorState()) == []


@pytest.mark.parametrize(
    ("read", "wanted", "silent"),
    [
        (3 * HOUR, 3 * HOUR, True),
        (3 * HOUR, DAY, True),
        (3 * HOUR - INSTANT, DAY, False),
        (DAY, 3 * HOUR, True),
        (DAY, 3 * HOUR - INSTANT, False),
    ],
)
def test_silence_counts_from_the_last_read_while_looks_were_wanted(
    read: object, wanted: object, silent: bool
) -> None:
    """Whichever is later: a small shop has long breaks in which no look is due."""
    state = MonitorState(ReadingGap(NOW - read, NOW - wanted))  # type: ignore[operator]
    assert found(state) == [EventKind.LOOKS_STOPPED] * silent


def test_nothing_is_silent_while_no_look_is_wanted() -> None:
    assert found(MonitorState(ReadingGap(NOW - DAY, None))) == []
    assert found(MonitorState(ReadingGap(None, None))) == []
    assert found(MonitorState(ReadingGap(None, NOW - DAY))) == [EventKind.LOOKS_STOPPED]


def test_the_text_says_why_nothing_is_read() -> None:
    silence = ReadingGap(
        NOW - 5 * HOUR, NOW - DAY, ("graph is paused until 12:00 UTC (blocked)", "b is stopped")
    )
    payload = conditions(MonitorState(silence), LIMITS, (), NOW)[EventKind.LOOKS_STOPPED]
    text = text_of(begun(EventKind.LOOKS_STOPPED, payload))
    assert text.startswith("nothing was read for 5 hours, though looks are due: graph is paused until 12:00")
    assert "(blocked); b is stopped." in text


@pytest.mark.parametrize(("age", "told"), [(HOUR - INSTANT, False), (HOUR, True)])
def test_alerts_that_wait_too_long_are_told(age: object, told: bool) -> None:
    state = MonitorState(undelivered=Undelivered(3, NOW - age, "no"))  # type: ignore[operator]
    assert found(state) == [EventKind.ALERTS_UNDELIVERED] * told


@pytest.mark.parametrize(("age", "told"), [(DAY - INSTANT, False), (DAY, True)])
def test_a_queue_that_stands_is_told(age: object, told: bool) -> None:
    assert found(MonitorState(queued_since=NOW - age)) == [EventKind.QUEUE_STALLED] * told  # type: ignore[operator]


def test_a_disk_at_its_limit_is_told_once() -> None:
    """It has to have half as much again before it counts as enough."""
    state = MonitorState(free_bytes=999)
    assert found(state) == [EventKind.DISK_LOW]
    for free, on in ((1000, True), (1499, True), (1500, False)):
        assert found(replace(state, free_bytes=free), EventKind.DISK_LOW) == [EventKind.DISK_LOW] * on
        assert found(replace(state, free_bytes=free)) == []


def test_only_what_is_new_is_told() -> None:
    payloads = {EventKind.DISK_LOW: DiskLow(1), EventKind.QUEUE_STALLED: QueueStalled(NOW, NOW)}
    assert [event.kind for event in begun_events(payloads, [EventKind.DISK_LOW])] == [EventKind.QUEUE_STALLED]


@pytest.mark.parametrize("kind", ENDED_BY)
def test_each_condition_is_critical_and_has_an_end(kind: EventKind) -> None:
    end = ended(kind, NOW - 2 * HOUR, NOW)
    assert (severity_of(kind), severity_of(end.kind)) == (Severity.CRITICAL, Severity.INFO)
    assert status_of(end.kind) is Status.RESOLVED
    assert text_of(end).endswith(", after 2 hours")
