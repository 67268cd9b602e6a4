"""RULES 2: which looks have a count, and which counts join a target's series."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.series import Series, admit, begins
from monitor.model.snapshot import Outcome, Snapshot
from tests.builders import HOUR, NOW, a_failed_look, a_look, a_profile
from tests.effort import examples

FAILED = sorted(set(Outcome) - {Outcome.COUNT})


def admitted(*counts: int | Outcome) -> list[int | None]:
    """Show looks in this order to a new series; what of each may be judged."""
    series, judged = Series(), []
    for number, count in enumerate(counts):
        at = NOW + number * HOUR
        look = a_failed_look(count, at) if isinstance(count, Outcome) else a_look(count, at)
        snapshot, series = admit(look, series)
        judged.append(snapshot.count)
    return judged


@pytest.mark.parametrize("outcome", FAILED)
def test_only_count_is_a_number(outcome: Outcome) -> None:
    """RULES 2: a look that failed cannot carry a count, and a count cannot be missing its number."""
    with pytest.raises(ValueError, match="snapshot with count 5"):
        Snapshot(a_profile(), NOW, outcome, "simulated", count=5)
    with pytest.raises(ValueError, match="count snapshot with count None"):
        Snapshot(a_profile(), NOW, Outcome.COUNT, "simulated")


def test_the_outcomes_are_the_ten_of_the_rules() -> None:
    """RULES 2: always typed, by one of these words."""
    expected = (
        "count private not_found hidden unavailable login_required blocked rate_limited transient schema"
    )
    assert set(expected.split()) == {str(outcome) for outcome in Outcome}


def test_a_count_is_never_negative() -> None:
    """RULES 2: a count is a number of units."""
    with pytest.raises(ValueError, match="negative"):
        a_look(-1)


@pytest.mark.parametrize("outcome", FAILED)
@pytest.mark.parametrize(
    "series", [Series(), Series(1000, "follower_count"), Series(1000, "follower_count", zero_seen=True)]
)
def test_a_failed_look_changes_nothing_in_the_series(outcome: Outcome, series: Series) -> None:
    """RULES 2: a failed look is never a drop."""
    look = a_failed_look(outcome)
    assert (look, series) == admit(look, series)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # ordinary numbers join, 0 as the first of all too
        ([5, 3, 9], [5, 3, 9]),
        ([0], [0]),
        ([0, 0, 7], [0, 0, 7]),
        ([0, 7, 3], [0, 7, 3]),
        ([9, 1], [9, 1]),
        # a fall to 0 is a fault
        ([5, 0], [5, None]),
        ([5, 0, 4], [5, None, 4]),
        # unless the next count is 0 again
        ([5, 0, 0], [5, None, 0]),
        ([5, 0, 0, 0], [5, None, 0, 0]),
        # each new fall from above 0 is a new fault
        ([5, 0, 4, 0], [5, None, 4, None]),
        ([5, 0, 4, 0, 0], [5, None, 4, None, 0]),
        ([5, 0, 0, 6, 0, 0], [5, None, 0, 6, None, 0]),
        # the next count, however many looks fail before it
        ([5, 0, Outcome.TRANSIENT, 0], [5, None, None, 0]),
        ([5, 0, Outcome.PRIVATE, Outcome.BLOCKED, 4], [5, None, None, None, 4]),
        ([5, Outcome.TRANSIENT, 0, 0], [5, None, None, 0]),
    ],
)
def test_a_fall_to_0_is_a_fault_unless_the_next_count_is_0_again(
    counts: list[int | Outcome], expected: list[int | None]
) -> None:
    """RULES 2: a fall to 0 from above 0 is a fault (not judged) unless the next count is 0 again."""
    assert expected == admitted(*counts)


def test_a_fault_is_a_schema_snapshot() -> None:
    """RULES 2: the fault is typed `schema`, keeps its time and target, and says what was seen."""
    _, series = admit(a_look(41), Series())
    fault, _ = admit(a_look(0, NOW + HOUR), series)
    expected = Snapshot(
        a_profile(),
        NOW + HOUR,
        Outcome.SCHEMA,
        "simulated",
        count_kind="follower_count",
        detail="the count fell from 41 to 0",
    )
    assert expected == fault


def test_a_series_never_mixes_kinds_of_count() -> None:
    """The contract of sources: once a series counts plays, views are not judged, and change nothing."""
    _, series = admit(a_look(500, count_kind="play_count"), Series())
    other, after = admit(a_look(90, count_kind="view_count"), series)
    assert other.outcome is Outcome.SCHEMA
    assert other.count is None
    assert series == after


def test_a_0_of_another_kind_does_not_affect_the_series() -> None:
    """RULES 2: the next count of the series decides, and a count of another kind is not it."""
    _, series = admit(a_look(500, count_kind="play_count"), Series())
    _, series = admit(a_look(0, count_kind="play_count"), series)
    _, series = admit(a_look(0, count_kind="view_count"), series)
    back, _ = admit(a_look(480, count_kind="play_count"), series)
    expected = 480
    assert expected == back.count


@pytest.mark.parametrize("outcome", [Outcome.COUNT, Outcome.PRIVATE])
def test_a_series_never_mixes_accounts(outcome: Outcome) -> None:
    """RULES 7: an account that took a free name is another account, private or not."""
    _, series = admit(replace(a_look(500), account="17"), Series())
    stranger = a_look(90) if outcome is Outcome.COUNT else a_failed_look(outcome)
    other, after = admit(replace(stranger, account="18"), series)
    assert (other.outcome, other.count, after) == (Outcome.SCHEMA, None, series)
    assert other.detail == "shows account 18 where the series is of 17"


def test_the_first_count_with_an_account_sets_that_of_the_series() -> None:
    """RULES 7: counts without an account join too, and a look without a count sets nothing."""
    accounts = []
    series = Series()
    for look in (
        replace(a_failed_look(Outcome.PRIVATE), account="16"),
        a_look(500),
        replace(a_look(510), account="17", username="renamed"),
        a_look(520),
    ):
        kept, series = admit(look, series)
        accounts.append((kept.count, series.account))
    assert accounts == [(None, ""), (500, ""), (510, "17"), (520, "17")]


@given(st.lists(st.integers(0, 3)))
@examples(100)
def test_a_judged_0_never_comes_right_after_a_number_above_0(counts: list[int]) -> None:
    """RULES 2, for any series: 0 is judged first of all, after 0, or as the second 0 in a row."""
    judged = admitted(*counts)
    for i, count in enumerate(counts):
        fault = i > 0 and count == 0 and counts[i - 1] > 0
        assert (None if fault else count) == judged[i]


# Another source


def switched(count: int, series: Series, expected: int | None) -> tuple[Snapshot, Series]:
    return admit(replace(a_look(count), source="other", count_kind="followers_count"), series, expected)


BEFORE = Series(1000, "follower_count", source="simulated")


@pytest.mark.parametrize("count", [1, 400, 1000, 7000])
def test_the_first_count_of_another_source_only_sets_the_count_offset(count: int) -> None:
    """For any count and count kind, the series continues at its last count."""
    kept, series = switched(count, BEFORE, 1000)
    assert (kept.count, kept.count_offset, kept.judged) == (count, 1000 - count, 1000)
    assert series == Series(1000, "followers_count", source="other", count_offset=1000 - count)
    assert begins(BEFORE, series)


def test_later_counts_of_the_other_source_have_the_offset_added() -> None:
    """A true loss of 100 is a loss of 100, though the source counts 300 less than the first one did."""
    _, series = switched(700, BEFORE, 1000)
    kept, after = switched(600, series, None)
    assert (kept.count, kept.judged, after.last_count) == (600, 900, 900)
    assert not begins(series, after)


def test_the_other_source_must_wait_while_something_is_under_way() -> None:
    """Its counts are stored as `schema`, and the series does not change."""
    kept, series = switched(700, BEFORE, None)
    assert (kept.outcome, kept.count, series) == (Outcome.SCHEMA, None, BEFORE)
    assert kept.detail == "other counts where simulated did; its series begins when nothing is under way"
    assert not begins(BEFORE, series)


def test_the_source_of_the_series_goes_on_while_another_must_wait() -> None:
    _, series = switched(700, BEFORE, None)
    kept, series = admit(a_look(990), series, None)
    assert (kept.judged, series.source, series.count_offset) == (990, "simulated", 0)


def test_the_account_is_checked_before_the_source() -> None:
    """RULES 7: an account that took a free name starts no series, with any source."""
    series = replace(BEFORE, account="17")
    look = replace(a_look(700), source="other", account="18")
    kept, after = admit(look, series, 1000)
    assert (kept.detail, after) == ("shows account 18 where the series is of 17", series)


def test_a_failed_look_of_another_source_starts_no_series() -> None:
    look = replace(a_failed_look(Outcome.NOT_FOUND), source="other")
    assert admit(look, BEFORE, 1000) == (look, BEFORE)


def test_the_first_0_of_another_source_is_a_fault_of_it() -> None:
    """RULES 2: otherwise the offset would be the whole count and hide later losses."""
    fault, series = switched(0, BEFORE, 1000)
    assert (fault.outcome, fault.detail) == (Outcome.SCHEMA, "the count fell from 1000 to 0")
    assert series == replace(BEFORE, zero_seen=True)
    assert switched(950, series, 1000)[1] == Series(1000, "followers_count", source="other", count_offset=50)
    assert switched(0, series, 1000)[0].count == 0


@pytest.mark.parametrize("count_offset", [-300, 300])
def test_a_fall_to_0_is_one_of_the_sources_own_counts(count_offset: int) -> None:
    """RULES 2: the count before the offset decides."""
    series = Series(700 + count_offset, "follower_count", source="simulated", count_offset=count_offset)
    fault, series = admit(a_look(0), series)
    assert (fault.outcome, fault.detail) == (Outcome.SCHEMA, "the count fell from 700 to 0")
    again, series = admit(a_look(0), series)
    assert (again.count, series.last_count) == (0, max(0, count_offset))


def test_a_count_that_stays_0_is_no_new_fault_with_any_offset() -> None:
    """With a negative offset, a judged count is never below 0."""
    series = Series(700, "follower_count", source="simulated", count_offset=-300)
    judged = []
    for _ in range(5):
        kept, series = admit(a_look(0), series)
        judged.append(kept.judged)
    assert judged == [None, 0, 0, 0, 0]


@given(st.lists(st.integers(1, 50), min_size=2), st.integers(-60, 60), st.integers(1, 49))
@examples(100)
def test_a_switch_keeps_every_later_count_comparable(counts: list[int], differs: int, at: int) -> None:
    """Two sources that differ by a constant give the series that one of them alone would have given."""
    series, judged = Series(), []
    at = min(at, len(counts) - 1)
    for number, count in enumerate(counts):
        shown = count + differs
        if number < at or shown < 0:
            kept, series = admit(a_look(count), series) if number < at else (None, series)
        else:
            kept, series = switched(shown, series, counts[at])
        judged.append(None if kept is None else kept.judged)
    if counts[at] + differs > 0:
        later = [(count, seen) for count, seen in zip(counts[at:], judged[at:], strict=True) if seen]
        assert all(seen == count for count, seen in later)


def test_a_refused_count_says_what_does_not_fit() -> None:
    kept, _ = admit(a_look(1700, count_kind="play_count"), Series(2000, "follower_count"))
    assert kept.detail == "counts play_count where the series counts follower_count"


def a_look_of(source: str, source_account: str, account: str = "", count: int = 2000) -> Snapshot:
    return replace(a_look(count), source=source, source_account=source_account, account=account)


def test_another_account_in_the_ids_of_a_source_is_refused() -> None:
    """RULES 7: also after the series went on with another source, whose ids are of another space."""
    _, series = admit(a_look_of("graph", "me:1"), Series())
    _, series = admit(a_look_of("instaloader", "", "787132"), series, 2000)
    assert (series.account, series.source_account) == ("787132", "me:1")
    refused, after = admit(a_look_of("graph", "me:2", count=40), series, 2000)
    assert (refused.outcome, refused.count) == (Outcome.SCHEMA, None)
    assert refused.detail == "shows account 2 where the series is of 1"
    assert after == series


@pytest.mark.parametrize("shown", ["", "other:2"])
def test_ids_of_different_spaces_are_not_compared(shown: str) -> None:
    """Without an id nothing is known; with our own account the whole space of ids changes."""
    _, series = admit(a_look_of("graph", "me:1"), Series())
    kept, after = admit(a_look_of("graph", shown), series)
    assert (kept.count, after.source_account) == (2000, shown or "me:1")


def test_a_failed_look_at_another_account_is_refused() -> None:
    """What is not found on a stranger's profile is not gone."""
    _, series = admit(a_look_of("graph", "me:1"), Series())
    absent = replace(a_failed_look(Outcome.UNAVAILABLE), source="graph", source_account="me:2")
    assert admit(absent, series)[0].outcome is Outcome.SCHEMA
