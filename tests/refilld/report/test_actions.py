"""What to do first: the most urgent, each with a command that can be pasted."""

from dataclasses import replace
from shlex import split
from typing import Any

import pytest
from hypothesis import given

from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from refilld.report.actions import MOST_ACTIONS
from refilld.report.assemble import queue_figures
from refilld.report.figures import MonitorFigures, Report, WaitingFigures
from storage.report import WaitingRequest
from storage.target_health import LookSums
from tests.command_tree import command_at
from tests.refilld.report.report_values import (
    EMPTY,
    FEW_EXAMPLES,
    HEALTHY,
    HOUR,
    NOW,
    READY,
    REPORTS,
    some_refills,
    with_actions,
)


def commands(**changes: Any) -> list[str]:
    return [action.command for action in with_actions(**changes).actions]


def waiting_on(*order_ids: str) -> list[str]:
    rows = tuple(WaitingRequest(order_id, None, "1234", NOW - HOUR) for order_id in order_ids)
    return commands(waiting=WaitingFigures(len(rows), rows))


@FEW_EXAMPLES
@given(REPORTS)
def test_every_command_exists(report: Report) -> None:
    """And there are only a few."""
    assert len(report.actions) <= MOST_ACTIONS
    for action in report.actions:
        name, *words = split(action.command)
        assert name == "refilld"
        groups = {"refills", "sources", "reviews", "mass-drops", "shadow", "backlog"}
        path = tuple(words[:2]) if words[0] in groups else (words[0],)
        assert command_at(path).callback is not None


def test_nothing_has_to_be_done_on_a_quiet_morning() -> None:
    assert commands() == []


@pytest.mark.parametrize(
    ("order_ids", "command"),
    [
        (["17"], "refilld check 17"),
        (["1", "2", "3", "4"], "refilld check 1 2 3"),
        (["a b; rm -rf /"], "refilld check 'a b; rm -rf /'"),
        (["-5", "6"], "refilld check -- -5 6"),
        (["x" * 90, "6"], "refilld check 6"),
        (["a\nb"], "refilld report --json"),
    ],
)
def test_a_waiting_customer_is_answered_by_a_check(order_ids: list[str], command: str) -> None:
    """An order id that does not fit the line is left out, never cut."""
    assert waiting_on(*order_ids) == [command]


def test_a_held_refill_is_decided_by_the_operator_unless_its_hold_ends() -> None:
    """Those of a mass drop can be released together."""
    held = RefillState.HELD
    below = some_refills(held, reason=Reason.BELOW_START_COUNT)
    mass = some_refills(held, reason=Reason.MASS_DROP, release_at=NOW + HOUR)
    assert commands(queue=queue_figures([below])) == ["refilld refills list --state held"]
    assert commands(queue=queue_figures([mass])) == ["refilld mass-drops list"]


def test_a_queue_that_nobody_takes_from_is_named() -> None:
    """From six hours on."""
    fresh, old = some_refills(queued_at=NOW - 5 * HOUR), some_refills(queued_at=NOW - 6 * HOUR)
    assert commands(queue=queue_figures([fresh])) == []
    assert commands(queue=queue_figures([old])) == ["refilld refills list --state queued"]


@pytest.mark.parametrize(
    ("hours", "overdue", "source", "expected"),
    [
        (1, 5, READY, ["refilld doctor"]),
        (1, 0, READY, []),
        (0, 5, READY, []),
        (None, 5, READY, ["refilld doctor"]),
        (1, 5, replace(READY, state="paused", until=NOW + HOUR), []),
    ],
)
def test_overdue_targets_without_any_look_are_named(
    hours: int | None, overdue: int, source: Any, expected: list[str]
) -> None:
    """Unless the sources are paused, which is no fault of the daemon."""
    last = None if hours is None else NOW - hours * HOUR
    health = replace(HEALTHY, last_look_at=last, overdue=overdue, due_since=NOW - HOUR)
    monitor = MonitorFigures(health, LookSums(0, 0), (source,))
    assert commands(monitor=monitor) == expected


def test_a_stopped_source_comes_first() -> None:
    stopped = replace(READY, state="stopped", reason="blocked")
    found = commands(monitor=replace(EMPTY.monitor, sources=(stopped,)))
    assert found == ["refilld sources resume graph"]


def test_an_installation_without_a_source_is_told_to_enable_one() -> None:
    assert commands(monitor=replace(EMPTY.monitor, sources=())) == ["refilld doctor"]
