"""RULES 6: when a mass drop is on."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from tests.builders import HOUR, NOW
from tests.effort import examples

RULE = MassDropRule()


def test_the_defaults_are_those_of_the_rules() -> None:
    """6 hours, 20 targets, 20 percent, 48 hours."""
    assert (RULE.enabled, RULE.window, RULE.min_targets, RULE.share, RULE.hold) == (
        True, timedelta(hours=6), 20, 20, timedelta(hours=48),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("judged", "fallen", "on"),
    [
        (20, 4, False),  # exactly a fifth is not more than a fifth
        (20, 5, True),
        (19, 19, False),  # too few to tell
        (100, 20, False),
        (100, 21, True),
        (0, 0, False),
    ],
)
def test_it_begins_when_more_than_the_share_of_enough_targets_have_fallen(
    judged: int, fallen: int, on: bool
) -> None:
    """At least 20 judged, more than 20% of them fallen."""
    assert RULE.is_on(MassDropCounts(judged, fallen), None, NOW) is on


@pytest.mark.parametrize(
    ("judged", "fallen", "on"),
    [(100, 10, True), (100, 9, False), (100, 20, True), (20, 2, True), (20, 1, False), (19, 0, True)],
)
def test_it_ends_below_half_of_the_share_of_enough_targets(judged: int, fallen: int, on: bool) -> None:
    """A tenth keeps it on, less ends it; the first looks after an outage of the source do not end it."""
    assert RULE.is_on(MassDropCounts(judged, fallen), NOW - HOUR, NOW) is on


@pytest.mark.parametrize(("judged", "fallen", "on"), [(5, 1, True), (11, 1, False), (1, 0, False)])
def test_once_it_is_as_old_as_a_hold_few_looks_end_it_too(judged: int, fallen: int, on: bool) -> None:
    """A mass drop does not last forever where few targets are left."""
    assert RULE.is_on(MassDropCounts(judged, fallen), NOW - RULE.hold, NOW) is on


@given(st.integers(0, 500), st.data(), st.integers(1, 99), st.sampled_from([None, NOW]))
@examples(100)
def test_a_rule_that_is_switched_off_never_holds_anything(
    judged: int, data: st.DataObject, share: int, since: datetime | None
) -> None:
    """For any number of fallen targets."""
    counts = MassDropCounts(judged, data.draw(st.integers(0, judged)))
    assert not MassDropRule(enabled=False, share=share).is_on(counts, since, NOW)


@given(st.integers(0, 500), st.data(), st.integers(1, 99))
@examples(100)
def test_what_begins_a_mass_drop_does_not_end_it(judged: int, data: st.DataObject, share: int) -> None:
    """The numbers that begin a mass drop also keep it on."""
    counts = MassDropCounts(judged, data.draw(st.integers(0, judged)))
    rule = MassDropRule(share=share)
    assert not rule.is_on(counts, None, NOW) or rule.is_on(counts, NOW, NOW)


def test_it_ends_just_below_half_of_the_share() -> None:
    """A tenth of a hundred targets keeps it on; of a hundred and one it does not."""
    assert RULE.is_on(MassDropCounts(100, 10), NOW, NOW)
    assert not RULE.is_on(MassDropCounts(101, 10), NOW, NOW)
