"""Grouping: the wait of a new group, its turns, and the labels that its alerts share."""

from monitor.alerts.grouping import GroupTimes, group_key
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND

TIMES = GroupTimes()


def test_a_new_group_waits_for_more_alerts() -> None:
    """Counted from its alert; what has waited longer already goes at once, and no clock ahead delays it."""
    assert TIMES.first_tick(NOW, NOW) == NOW + 30 * SECOND
    assert TIMES.first_tick(NOW - 10 * SECOND, NOW) == NOW + 20 * SECOND
    assert TIMES.first_tick(NOW - DAY, NOW) == NOW
    assert TIMES.first_tick(NOW + DAY, NOW) == NOW + 30 * SECOND


def test_turns_recur_however_late_one_was() -> None:
    """Missed turns are left out."""
    for late in (0 * SECOND, SECOND, 5 * MINUTE - INSTANT):
        assert TIMES.next_tick(NOW, NOW + late) == NOW + 5 * MINUTE
    assert TIMES.next_tick(NOW, NOW + 5 * MINUTE) == NOW + 10 * MINUTE
    assert TIMES.next_tick(NOW, NOW + HOUR + SECOND) == NOW + HOUR + 5 * MINUTE


def test_the_repeat_is_rounded_up_to_a_turn() -> None:
    """A time that is a turn stays."""
    assert TIMES.tick_at(NOW, NOW + 4 * HOUR) == NOW + 4 * HOUR
    assert TIMES.tick_at(NOW, NOW + 4 * HOUR + SECOND) == NOW + 4 * HOUR + 5 * MINUTE


def test_a_group_shares_the_labels_by_which_it_is_grouped() -> None:
    """The order of the labels is fixed; what an alert does not have is left out."""
    labels = {"service": "12", "kind": "drop.held", "severity": "warning", "provider": ""}
    assert group_key(labels) == "kind=drop.held service=12"
    assert group_key(labels, ["kind"]) == "kind=drop.held"
