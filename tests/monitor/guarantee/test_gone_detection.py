"""RULES 7: when a target that is not found counts as gone."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.gone_detection import Absence, observe
from monitor.model.snapshot import Outcome
from tests.builders import HOUR, NOW
from tests.effort import examples

N, U, T, C = Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.TRANSIENT, Outcome.COUNT
ABSENT = [N, U]
THERE = [Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN]
SILENT = sorted(set(Outcome) - {*ABSENT, *THERE})


def seen(*looks: tuple[int, Outcome], read: int | None = 1) -> Absence:
    """Give the absence after looks at these hours, another target having been read at the hour `read`."""
    absence, read_at = Absence(), None if read is None else at(read)
    for hour, outcome in looks:
        absence = observe(absence, outcome, at(hour), read_at)
    return absence


def at(hour: int) -> datetime:
    return NOW + hour * HOUR


@pytest.mark.parametrize(
    ("looks", "gone_at"),
    [
        ([(0, N), (12, N), (24, N)], 24),
        ([(0, U), (12, N), (24, U)], 24),  # both say that nothing is there
        ([(0, N), (12, T), (24, N)], None),  # two observations only
        ([(0, N), (12, N), (23, N)], None),  # not a whole day
        ([(0, N), (1, N), (2, N), (24, N)], 24),
        ([(0, N), (1, T), (2, N), (24, N)], 24),  # an inconclusive look in between
        ([(0, N), (12, C), (13, N), (24, N)], None),  # it was there in between
        ([(0, N), (12, N), (24, N), (30, T), (36, N)], 24),  # the time stays
        ([], None),
    ],
)
def test_a_target_is_gone_after_three_observations_over_a_day(
    looks: list[tuple[int, Outcome]], gone_at: int | None
) -> None:
    """RULES 7: `not_found` and `unavailable` count only after 3 observations over at least 24h."""
    assert seen(*looks).gone_at == (None if gone_at is None else at(gone_at))


@pytest.mark.parametrize(("read", "gone"), [(None, False), (-1, False), (0, False), (1, True), (24, True)])
def test_a_target_is_gone_only_while_others_are_read(read: int | None, gone: bool) -> None:
    """RULES 7: a count of another target after the first absent look is required."""
    assert (seen((0, N), (12, N), (24, N), read=read).gone_at is not None) is gone


def test_evidence_that_arrives_late_makes_a_target_gone_at_the_next_look() -> None:
    """Looks before the evidence are observations too."""
    absence = seen((0, N), (12, N), (24, N), (48, N), read=None)
    assert (absence.looks, absence.gone_at) == (4, None)
    assert observe(absence, N, at(72), at(50)).gone_at == at(72)


@pytest.mark.parametrize("outcome", THERE)
def test_a_target_that_is_read_again_is_no_longer_gone(outcome: Outcome) -> None:
    """A private profile and a hidden count exist, and so the next absence starts from nothing."""
    assert seen((0, N), (12, N), (24, N), (25, outcome)) == Absence()


@pytest.mark.parametrize("outcome", SILENT)
@pytest.mark.parametrize("looks", [[], [(0, N)], [(0, N), (12, N), (24, N)]])
def test_an_inconclusive_look_changes_nothing(outcome: Outcome, looks: list[tuple[int, Outcome]]) -> None:
    """RULES 2: a refusal of the whole source is no evidence about a target, gone or not."""
    assert seen(*looks, (30, outcome)) == seen(*looks)


@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from(Outcome), st.booleans()), max_size=12))
@examples(150)
def test_gone_follows_from_the_looks_since_the_target_was_last_read(
    timeline: list[tuple[int, Outcome, bool]],
) -> None:
    """RULES 7, computed backwards: observations, time and evidence since the target was last read."""
    absence, hour, gone = Absence(), 0, False
    read_at: datetime | None = None
    since_then: list[int] = []
    for hours, outcome, other_read in timeline:
        hour += hours
        read_at = at(hour) if other_read else read_at
        absence = observe(absence, outcome, at(hour), read_at)
        if outcome in THERE:
            since_then, gone = [], False
        elif outcome in ABSENT:
            since_then.append(hour)
            long_enough = len(since_then) >= 3 and hour - since_then[0] >= 24
            gone = gone or (long_enough and read_at is not None and read_at > at(since_then[0]))
        assert (absence.looks, absence.gone_at is not None) == (len(since_then), gone)
