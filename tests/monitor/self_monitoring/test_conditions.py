"""The self-check: each condition is told when it has lasted, and not before."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.events.catalogue import severity_of, status_of
from monitor.events.kind import EventKind
from monitor.events.monitoring import ENDED_BY, MONITOR, DiskLow, MonitorProblem, QueueStalled, begun, ended
from monitor.events.severity import Severity, Status
from monitor.self_monitoring.alerts_undelivered import Undelivered
from monitor.self_monitoring.conditions import MonitorState, begun_events, conditions
from monitor.self_monitoring.limits import SelfCheckLimits
from monitor.self_monitoring.looks_overdue import OldestLook
from monitor.self_monitoring.looks_stopped import ReadingGap
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.event_rows import text_of

WARNINGS = {
    EventKind.IMPORTS_STOPPED,
    EventKind.BUDGET_EXHAUSTED,
    EventKind.MIGRATIONS_PENDING,
    EventKind.CREDENTIALS_OLD,
    EventKind.TOKEN_ENDING,
}
"""What does not end the guarantee at once."""
LIMITS = SelfCheckLimits(3 * HOUR, HOUR, DAY, free_bytes=1000)


def found(state: MonitorState, *on: EventKind) -> list[EventKind]:
    problems = [MonitorProblem(kind, MONITOR) for kind in on]
    return [problem.kind for problem in conditions(state, LIMITS, problems, NOW)]


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
def test_reading_gap_counts_from_the_last_read_while_looks_were_wanted(
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
    gap = ReadingGap(NOW - 5 * HOUR, NOW - DAY, ("graph is paused until 12:00 UTC (blocked)", "b is stopped"))
    ((problem, payload),) = conditions(MonitorState(gap), LIMITS, (), NOW).items()
    text = text_of(begun(problem, payload))
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


@pytest.mark.parametrize(("age", "told"), [(7 * DAY - INSTANT, False), (7 * DAY, True)])
def test_imports_that_end_are_told(age: timedelta, told: bool) -> None:
    """Unless they are not watched, or there never was one."""
    state = MonitorState(imported_at=NOW - age)
    assert found(state) == [EventKind.IMPORTS_STOPPED] * told
    assert conditions(state, replace(LIMITS, no_import_after=None), (), NOW) == {}


@pytest.mark.parametrize(
    ("age", "before", "told"),
    [
        (12 * HOUR - INSTANT, False, False),
        (12 * HOUR, False, True),
        (6 * HOUR, True, True),
        (6 * HOUR - INSTANT, True, False),
    ],
)
def test_an_overdue_look_is_told_until_it_is_overdue_by_half(
    age: timedelta, before: bool, told: bool
) -> None:
    state = MonitorState(oldest_look=OldestLook(NOW - age, "why"))
    assert found(state, *[EventKind.LOOKS_OVERDUE] * before) == [EventKind.LOOKS_OVERDUE] * told


def test_only_what_is_new_is_told() -> None:
    low, stalled = (
        MonitorProblem(EventKind.DISK_LOW, MONITOR),
        MonitorProblem(EventKind.QUEUE_STALLED, MONITOR),
    )
    assert [*begun_events({low: DiskLow(1), stalled: QueueStalled(NOW, NOW)}, [low])] == [stalled]


@pytest.mark.parametrize("kind", ENDED_BY)
def test_each_condition_is_a_problem_and_has_an_end(kind: EventKind) -> None:
    end = ended(MonitorProblem(kind, MONITOR), NOW - 2 * HOUR, NOW)
    assert severity_of(kind) is (Severity.WARNING if kind in WARNINGS else Severity.CRITICAL)
    assert severity_of(end.kind) is Severity.INFO
    assert status_of(end.kind) is Status.RESOLVED
    assert text_of(end).endswith(", after 2 hours")
