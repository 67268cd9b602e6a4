"""Thinning: which looks of a past day are superfluous."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.snapshot import Outcome
from monitor.retention.thinning import PastLook, superfluous
from tests.builders import HOUR, MINUTE, START

NOON = START
COUNT, PRIVATE, ABSENT = Outcome.COUNT, Outcome.PRIVATE, Outcome.NOT_FOUND


def looks(*outcomes: Outcome) -> list[PastLook]:
    """Looks of one day, an hour apart."""
    return [PastLook(NOON + number * HOUR, outcome) for number, outcome in enumerate(outcomes)]


def kept(past: list[PastLook]) -> list[int]:
    """The positions of the looks that are kept."""
    doomed = superfluous(past, set(), None)
    return [number for number, look in enumerate(past) if look.at not in doomed]


@pytest.mark.parametrize(
    ("day", "positions"),
    [
        ([COUNT, COUNT, COUNT], [2]),
        ([COUNT, COUNT, PRIVATE], [1]),
        ([PRIVATE, PRIVATE], [1]),
        ([COUNT], [0]),
        ([], []),
    ],
)
def test_a_day_keeps_its_last_count_or_else_its_last_look(day: list[Outcome], positions: list[int]) -> None:
    assert kept(looks(*day)) == positions


def test_each_day_of_utc_keeps_one_look() -> None:
    midnight = NOON + 12 * HOUR
    past = [PastLook(at, COUNT) for at in (midnight - MINUTE, midnight, midnight + MINUTE)]
    assert kept(past) == [0, 2]


def test_a_look_that_another_row_refers_to_is_kept() -> None:
    past = looks(COUNT, COUNT, COUNT)
    assert superfluous(past, {past[0].at}, None) == [past[1].at]


def test_looks_that_did_not_find_the_target_are_kept_since_it_is_absent() -> None:
    """The answer `target_not_found` rests on them; those before the absence prove nothing any more."""
    past = looks(ABSENT, ABSENT, PRIVATE, COUNT)
    assert superfluous(past, set(), past[1].at) == [past[0].at, past[2].at]


@given(
    st.lists(st.tuples(st.integers(0, 96), st.sampled_from(Outcome)), unique_by=lambda pair: pair[0]),
    st.integers(0, 96),
)
def test_thinning_in_two_steps_keeps_what_one_step_keeps(drawn: list[tuple[int, Outcome]], cut: int) -> None:
    """A pass may stop inside a day, and thins what it kept of that day again."""
    past = [PastLook(START + hour * HOUR, outcome) for hour, outcome in sorted(drawn)]
    first = set(superfluous(past[:cut], set(), None))
    rest = [look for look in past if look.at not in first]
    assert first | set(superfluous(rest, set(), None)) == set(superfluous(past, set(), None))


@given(st.lists(st.integers(0, 480), unique=True).map(sorted))
def test_every_day_with_a_count_still_has_one(hours: list[int]) -> None:
    past = [PastLook(START + hour * HOUR, COUNT if hour % 3 else PRIVATE) for hour in hours]
    doomed = set(superfluous(past, set(), None))
    days = {look.at.date() for look in past if look.outcome is COUNT}
    left = [look for look in past if look.at not in doomed]
    assert {look.at.date() for look in left if look.outcome is COUNT} == days
    assert len(left) == len({look.at.date() for look in past})
