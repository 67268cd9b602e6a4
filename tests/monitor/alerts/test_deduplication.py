"""Deduplication: Alertmanager's decisions."""

from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.deduplication import LastMessage, decide
from monitor.alerts.reasons import AlertReason
from tests.builders import HOUR, INSTANT, NOW

NOTHING: AbstractSet[str] = frozenset()
NEW, SOME, ALL = AlertReason.NEW_ALERTS, AlertReason.SOME_RESOLVED, AlertReason.ALL_RESOLVED
REPEAT, NO = AlertReason.REPEAT, AlertReason.NOT_DUE


@pytest.mark.parametrize(
    ("last", "firing", "resolved", "reason"),
    [
        (None, "a", "", NEW),
        (None, "", "a", NO),  # resolved within group_wait
        (None, "a", "b", NEW),
        (("a", ""), "a", "", NO),
        (("a", ""), "ab", "", NEW),
        (("a", ""), "b", "a", NEW),
        (("ab", ""), "a", "b", SOME),
        (("ab", "b"), "a", "b", NO),
        (("ab", ""), "a", "", NO),
        (("ab", ""), "", "ab", ALL),
        (("", "ab"), "", "ab", NO),
        (("", "a"), "", "b", NO),  # fired and resolved within one interval
        (("", "a"), "a", "", NEW),  # fires again
    ],
)
def test_what_is_worth_a_message(
    last: tuple[str, str] | None, firing: str, resolved: str, reason: AlertReason
) -> None:
    """Each letter is an alert."""
    known = None if last is None else LastMessage(set(last[0]), set(last[1]), NOW)
    assert decide(known, set(firing), set(resolved), 4 * HOUR, NOW + HOUR) is reason


def test_without_resolved_messages_only_the_last_end_counts() -> None:
    """It is told nobody, but what fires again is new then."""
    last = LastMessage({"a", "b"}, NOTHING, NOW)
    for firing, reason in (({"a"}, NO), (NOTHING, ALL)):
        assert decide(last, firing, {"b"}, 4 * HOUR, NOW, send_resolved=False) is reason


def test_a_group_is_repeated_when_the_interval_has_passed() -> None:
    """Not before, and only while something fires."""
    last = LastMessage({"a"}, NOTHING, NOW)
    assert decide(last, {"a"}, NOTHING, HOUR, NOW + HOUR - INSTANT) is NO
    assert decide(last, {"a"}, NOTHING, HOUR, NOW + HOUR) is REPEAT
    assert decide(LastMessage(NOTHING, {"a"}, NOW), NOTHING, {"a"}, HOUR, NOW + HOUR) is NO


@given(*(st.sets(st.sampled_from("abc")) for _ in range(2)), st.booleans())
def test_nothing_new_is_told_only_once(firing: set[str], resolved: set[str], send_resolved: bool) -> None:
    """Right after any message the same group is worth none."""
    firing -= resolved
    after = LastMessage(firing, resolved, NOW)
    assert decide(after, firing, resolved, HOUR, NOW, send_resolved=send_resolved) is NO
