"""Turns of a group: what is told, what is kept back and why, and when the next turn is."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.group_turn import Turn, take_turn
from monitor.alerts.grouping import GroupTimes
from monitor.alerts.inhibition import Problem
from monitor.alerts.matchers import parse_matchers
from monitor.alerts.quiet_hours import parse_quiet_hours
from monitor.alerts.reasons import AlertReason
from monitor.alerts.silences import Silence
from monitor.alerts.suppression import GroupAlert, Suppressors
from tests.builders import DAY, HOUR, MINUTE, NOW

TIMES = GroupTimes(repeated=("warning", "critical"))
MASS_DROP = Problem("mass_drop.ended/likes", {"kind": "mass_drop.started", "metric": "likes"})
SILENCE = Silence(7, parse_matchers('metric="likes"'), "ana", "known", NOW, NOW + DAY, None, None)
QUIET = parse_quiet_hours(f"{NOW:%H}:00-18:00", ZoneInfo("UTC"))
LIKES = {"kind": "drop.held", "metric": "likes", "severity": "warning"}


def an_alert(event_id: int = 1, *, lasts: bool = True, **changes: Any) -> GroupAlert:
    return GroupAlert(event_id, f"key/{event_id}", changes.pop("labels", LIKES), lasts, **changes)


def turn(*alerts: GroupAlert, by: Suppressors | None = None, now: datetime = NOW, ends: bool = True) -> Turn:
    return take_turn(alerts, by or Suppressors(), TIMES, now, now, send_resolved=ends)


def not_told(found: Turn) -> list[tuple[int, AlertReason, bool]]:
    return [(one.alert.event_id, one.reason, one.closed) for one in found.not_told]


def test_what_happened_is_told_and_the_group_stays_for_one_interval() -> None:
    """So that what follows at once is not a message of its own."""
    found = turn(an_alert(lasts=False))
    assert ([a.event_id for a in found.told], found.reason) == ([1], AlertReason.NEW_ALERTS)
    assert (found.next_at, found.over) == (NOW + 5 * MINUTE, False)


def test_a_group_without_alerts_is_over() -> None:
    """In the turn after its last message."""
    assert turn().over


def test_a_new_alert_does_not_repeat_the_others() -> None:
    """Each is repeated after its own interval."""
    found = turn(an_alert(1, told_at=NOW - HOUR), an_alert(2))
    assert ([a.event_id for a in found.told], found.reason) == ([2], AlertReason.NEW_ALERTS)
    assert not_told(found) == [(1, AlertReason.NOT_DUE, False)]
    assert found.next_at == NOW + 3 * HOUR


def test_a_problem_is_repeated_until_it_ends() -> None:
    """At the turn at which the interval has passed; not while the last message is on its way."""
    found = turn(an_alert(1, told_at=NOW - 4 * HOUR), an_alert(2, told_at=NOW - 5 * HOUR, undelivered=True))
    assert ([a.event_id for a in found.told], found.reason) == ([1], AlertReason.REPEAT)
    assert not_told(found) == [(2, AlertReason.UNDELIVERED, False)]
    assert found.next_at == NOW + 5 * MINUTE


def test_only_some_severities_are_repeated() -> None:
    """A group of the others has no turn before something happens."""
    old = an_alert(1, told_at=NOW - 9 * HOUR)
    found = take_turn([old], Suppressors(), GroupTimes(), NOW, NOW)
    assert (found.told, not_told(found), found.next_at) == ([], [(1, AlertReason.NOT_DUE, False)], None)


def test_ends_are_told_once_and_only_of_what_was_told() -> None:
    """What was resolved before it was told is never sent."""
    found = turn(an_alert(1, told_at=NOW - HOUR, ended=True), an_alert(2, ended=True))
    assert ([a.event_id for a in found.ended], found.reason) == ([1], AlertReason.ALL_RESOLVED)
    assert not_told(found) == [(2, AlertReason.NEVER_TOLD, True)]


def test_a_receiver_may_not_want_to_hear_of_ends() -> None:
    """They are closed without a message."""
    found = turn(an_alert(1, told_at=NOW - HOUR, ended=True), ends=False)
    assert (found.ended, not_told(found)) == ([], [(1, AlertReason.RESOLVED_NOT_SENT, True)])


@pytest.mark.parametrize(
    ("by", "reason", "detail"),
    [
        (Suppressors(silences=(SILENCE,)), AlertReason.SILENCED, "silence 7 by ana"),
        (Suppressors(problems=(MASS_DROP,)), AlertReason.INHIBITED, "mass_drop.started"),
    ],
)
def test_what_happened_while_it_is_suppressed_is_never_told(
    by: Suppressors, reason: AlertReason, detail: str
) -> None:
    """A problem that lasts waits for the end of the suppression, with a turn in every interval."""
    found = turn(an_alert(1, lasts=False), an_alert(2), by=by)
    assert not_told(found) == [(1, reason, True), (2, reason, False)]
    assert {one.detail for one in found.not_told} == {detail}
    assert (found.told, found.next_at) == ([], NOW + 5 * MINUTE)


def test_an_inhibited_end_is_told_and_a_silenced_one_is_not() -> None:
    """A silence says that nobody wants to hear of it."""
    ended = an_alert(1, told_at=NOW - HOUR, ended=True)
    assert turn(ended, by=Suppressors(problems=(MASS_DROP,))).ended == [ended]
    assert not_told(turn(ended, by=Suppressors(silences=(SILENCE,)))) == [(1, AlertReason.SILENCED, True)]


def test_an_acknowledged_problem_is_not_repeated_but_its_end_is_told() -> None:
    """Other problems of the group are told as before."""
    known = an_alert(1, told_at=NOW - 9 * HOUR, acknowledged=True)
    found = turn(known)
    assert (not_told(found), found.next_at) == ([(1, AlertReason.ACKNOWLEDGED, False)], None)
    assert [a.event_id for a in turn(known, an_alert(2)).told] == [2]
    ended = an_alert(1, told_at=NOW - 9 * HOUR, acknowledged=True, ended=True)
    assert turn(ended).ended == [ended]


def test_an_end_beside_an_acknowledged_problem_is_not_that_of_all() -> None:
    """The acknowledged one still fires."""
    known = an_alert(1, told_at=NOW - 9 * HOUR, acknowledged=True)
    assert turn(known, an_alert(2, told_at=NOW, ended=True)).reason is AlertReason.SOME_RESOLVED


def test_quiet_hours_hold_back_what_is_not_critical_until_they_end() -> None:
    """Nothing is lost; the end of a critical problem passes, too."""
    critical = {"kind": "disk.low", "severity": "critical"}
    found = turn(
        an_alert(1, lasts=False),
        an_alert(2, told_at=NOW - HOUR, ended=True),
        an_alert(3, labels=critical),
        an_alert(4, labels=critical, told_at=NOW - HOUR, ended=True),
        by=Suppressors(quiet=QUIET),
    )
    assert not_told(found) == [(1, AlertReason.QUIET_HOURS, False), (2, AlertReason.QUIET_HOURS, False)]
    assert ([a.event_id for a in found.told], [a.event_id for a in found.ended]) == ([3], [4])
    assert turn(an_alert(1, lasts=False), by=Suppressors(quiet=QUIET)).next_at == NOW.replace(
        hour=18, minute=0
    )
