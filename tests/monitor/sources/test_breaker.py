"""A source's breaker: refused, it pauses 1, 2, 4, 8, 16, 24 hours; refused three times in a row, it stops."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model.snapshot import Outcome
from monitor.sources.breaker import Breaker
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW
from tests.effort import examples

SURE = (Outcome.RATE_LIMITED, Outcome.BLOCKED)
LIKELY = (Outcome.LOGIN_REQUIRED, Outcome.SCHEMA)
FAULTS = (Outcome.TRANSIENT,)
SILENT = (Outcome.UNAVAILABLE,)
READABLE = (Outcome.COUNT, Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN)


def after(
    *looks: tuple[Outcome, str], breaker: Breaker | None = None, now: datetime = NOW, first: timedelta = HOUR
) -> Breaker:
    """The breaker after looks (outcome, target) at one moment."""
    breaker = breaker or Breaker()
    for outcome, target in looks:
        breaker = breaker.after(outcome, target, now, first)
    return breaker


def many(outcome: Outcome, targets: Sequence[str]) -> list[tuple[Outcome, str]]:
    return [(outcome, target) for target in targets]


def test_every_outcome_has_one_class() -> None:
    """RULES 2: each of the ten outcomes is definite, suspected, transient, readable or neutral."""
    assert sorted(Outcome) == sorted([*SURE, *LIKELY, *FAULTS, *SILENT, *READABLE])


def test_a_new_source_may_be_asked() -> None:
    """There is no refusal yet."""
    assert Breaker().closed_until(NOW) is None


# Growing pauses


@pytest.mark.parametrize("outcome", SURE)
def test_a_definite_refusal_counts_at_once(outcome: Outcome) -> None:
    """One `rate_limited` or `blocked`, of any target, pauses the source for the first pause."""
    refused = after((outcome, "a"))
    expected = NOW + HOUR
    assert expected == refused.closed_until(NOW)
    assert not refused.stopped
    assert outcome == refused.reason


@pytest.mark.parametrize(("later", "paused"), [(HOUR - INSTANT, True), (HOUR, False)])
def test_a_paused_source_may_be_asked_when_the_pause_is_over(later: timedelta, paused: bool) -> None:
    """The end of the pause is excluded."""
    assert paused == (after((Outcome.BLOCKED, "a")).closed_until(NOW + later) is not None)


@pytest.mark.parametrize("first", [HOUR, 10 * MINUTE])
def test_refusals_pause_for_1_2_4_8_16_and_then_24_first_pauses(first: timedelta) -> None:
    """Each refusal doubles the pause, even with a count in between."""
    breaker, now, pauses = Breaker(), NOW, []
    for _ in range(8):
        breaker = after((Outcome.RATE_LIMITED, "a"), breaker=breaker, now=now, first=first)
        until = breaker.closed_until(now)
        assert until is not None
        pauses.append((until - now) / first)
        now = until
        breaker = after((Outcome.COUNT, "a"), breaker=breaker, now=now, first=first)
        assert breaker.closed_until(now) is None
    expected = [1, 2, 4, 8, 16, 24, 24, 24]
    assert expected == pauses


@pytest.mark.parametrize(
    ("quiet_time", "hours"), [(23 * HOUR, 4), (24 * HOUR - INSTANT, 4), (24 * HOUR, 1), (9 * DAY, 1)]
)
def test_the_pauses_start_again_after_a_day_without_refusals(quiet_time: timedelta, hours: int) -> None:
    """24 first pauses without a refusal, counted from the end of the last pause; here it was two hours."""
    breaker = after(
        (Outcome.BLOCKED, "a"), (Outcome.COUNT, "a"), (Outcome.BLOCKED, "a"), (Outcome.COUNT, "a")
    )
    now = NOW + 2 * HOUR + quiet_time
    expected = now + hours * HOUR
    assert expected == after((Outcome.BLOCKED, "a"), breaker=breaker, now=now).closed_until(now)


# Stopping


@pytest.mark.parametrize("outcome", SURE)
def test_refused_three_times_in_a_row_it_stops(outcome: Outcome) -> None:
    """Not after two; then without an end."""
    two = after((outcome, "a"), (outcome, "b"))
    three = after((outcome, "c"), breaker=two)
    assert not two.stopped
    assert three.stopped
    assert three.closed_until(NOW + 10_000 * DAY) is not None


@pytest.mark.parametrize("outcome", READABLE)
def test_a_readable_outcome_between_two_refusals_ends_the_row(outcome: Outcome) -> None:
    """A private or deleted profile is an answer too."""
    refused = (Outcome.BLOCKED, "a")
    assert not after(refused, refused, (outcome, "b"), refused, refused).stopped
    assert after(refused, refused, (outcome, "b"), refused, refused, refused).stopped


@pytest.mark.parametrize("outcome", FAULTS)
def test_a_transient_fault_between_two_refusals_does_not_end_the_row(outcome: Outcome) -> None:
    """A network fault is no evidence about the source."""
    refused = (Outcome.BLOCKED, "a")
    assert after(refused, (outcome, "b"), refused, (outcome, "c"), refused).stopped


def test_refusals_in_a_row_may_be_days_apart() -> None:
    """Refusals with nothing readable in between are a row; the pauses start again after a day without one."""
    breaker = Breaker()
    for days in (0, 10, 20):
        breaker = after((Outcome.BLOCKED, "a"), breaker=breaker, now=NOW + days * DAY)
    assert breaker.stopped


@pytest.mark.parametrize("outcome", Outcome)
def test_only_an_operator_starts_a_stopped_source_again(outcome: Outcome) -> None:
    """After any outcome of a late look the source stays stopped."""
    stopped = after(*[(Outcome.BLOCKED, "a")] * 3)
    assert after((outcome, "b"), breaker=stopped, now=NOW + 30 * DAY).stopped


def test_a_refusal_after_an_answer_does_not_start_a_stopped_source() -> None:
    """Stopped until an operator resumes it, with any late results of a batch."""
    stopped = after(*[(Outcome.BLOCKED, "a")] * 3)
    assert after((Outcome.COUNT, "b"), (Outcome.BLOCKED, "c"), breaker=stopped).stopped


def test_a_resumed_source_has_its_three_refusals_again() -> None:
    """It may be asked at once, and the next refusal is the first."""
    resumed = after(*[(Outcome.BLOCKED, "a")] * 3).resumed()
    assert resumed.closed_until(NOW) is None
    assert not after(*[(Outcome.BLOCKED, "a")] * 2, breaker=resumed).stopped
    assert after(*[(Outcome.BLOCKED, "a")] * 3, breaker=resumed).stopped


# One target with a schema outcome


@pytest.mark.parametrize("outcome", LIKELY)
@pytest.mark.parametrize("times", [1, 2, 3, 50])
def test_one_schema_outcome_does_not_pause_the_source(outcome: Outcome, times: int) -> None:
    """However often it fails, no other target has failed."""
    assert after(*[(outcome, "odd")] * times).closed_until(NOW) is None


@pytest.mark.parametrize("outcome", LIKELY)
@pytest.mark.parametrize("second", LIKELY)
def test_a_suspected_refusal_counts_when_a_second_target_answers_the_same(
    outcome: Outcome, second: Outcome
) -> None:
    """Two targets with nothing readable in between are a refusal of the source."""
    refused = after((outcome, "a"), (outcome, "a"), (second, "b"))
    expected = NOW + HOUR
    assert expected == refused.closed_until(NOW)
    assert second == refused.reason


@pytest.mark.parametrize("outcome", LIKELY)
@pytest.mark.parametrize("readable", READABLE)
def test_a_count_between_two_schema_outcomes_clears_the_suspicion(
    outcome: Outcome, readable: Outcome
) -> None:
    """The source answers, so each failure belongs to its target."""
    assert after((outcome, "a"), (readable, "b"), (outcome, "c")).closed_until(NOW) is None


def test_a_cleared_suspected_refusal_leaves_no_trace() -> None:
    """After an answer, the target that failed before counts like any other."""
    looks = ((Outcome.SCHEMA, "a"), (Outcome.COUNT, "b"), (Outcome.SCHEMA, "a"))
    assert after(*looks).closed_until(NOW) is None
    assert after(*looks, (Outcome.SCHEMA, "b")).closed_until(NOW) is not None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_transient_fault_between_two_schema_outcomes_does_not_clear_the_suspicion(fault: Outcome) -> None:
    """A transient fault is nothing readable."""
    looks = ((Outcome.SCHEMA, "a"), (fault, "b"), (Outcome.SCHEMA, "c"))
    assert after(*looks).closed_until(NOW) is not None


def test_suspected_refusals_stop_the_source_too() -> None:
    """a suspected, b, c and d refused: three in a row."""
    breaker = after(*many(Outcome.LOGIN_REQUIRED, "abc"))
    assert not breaker.stopped
    assert after((Outcome.LOGIN_REQUIRED, "d"), breaker=breaker).stopped


# Transient faults


@pytest.mark.parametrize("outcome", FAULTS)
@pytest.mark.parametrize(("targets", "pauses"), [("abcd", False), ("abcde", True)])
def test_transient_faults_of_five_targets_in_a_row_pause_the_source_briefly(
    outcome: Outcome, targets: str, pauses: bool
) -> None:
    """Ten minutes where the first pause is an hour."""
    expected = NOW + 10 * MINUTE if pauses else None
    assert expected == after(*many(outcome, targets)).closed_until(NOW)


def test_missing_posts_do_not_affect_the_source() -> None:
    """However many there are; and they end no row of refusals either."""
    assert after(*many(Outcome.UNAVAILABLE, "abcdefgh")).closed_until(NOW) is None
    refused = after((Outcome.BLOCKED, "a"))
    assert refused == after(*many(Outcome.UNAVAILABLE, "bcd"), breaker=refused)


@pytest.mark.parametrize("outcome", FAULTS)
def test_one_missing_post_is_no_fault_of_the_source(outcome: Outcome) -> None:
    """The same target again and again is one target."""
    assert after(*many(outcome, "abcd" + "d" * 50)).closed_until(NOW) is None


def test_two_missing_posts_in_turn_are_not_five_different_targets() -> None:
    """The pause needs five different targets."""
    assert after(*many(Outcome.TRANSIENT, "ababab")).closed_until(NOW) is None


@pytest.mark.parametrize("readable", READABLE)
def test_a_count_ends_a_row_of_transient_faults(readable: Outcome) -> None:
    """Four, then an answer, then four more are no row of five."""
    looks = [*many(Outcome.TRANSIENT, "abcd"), (readable, "e"), *many(Outcome.TRANSIENT, "fghi")]
    assert after(*looks).closed_until(NOW) is None


def test_transient_faults_that_ended_leave_no_trace() -> None:
    """After an answer, the target that failed last is one of five like any other."""
    looks = [(Outcome.TRANSIENT, "a"), (Outcome.COUNT, "a"), *many(Outcome.TRANSIENT, "abcde")]
    assert after(*looks).closed_until(NOW) is not None


def test_after_a_brief_pause_it_takes_five_more() -> None:
    """Continued transient faults pause the source repeatedly, never permanently."""
    paused = after(*many(Outcome.TRANSIENT, "abcde"))
    later = NOW + 10 * MINUTE
    four = after(*many(Outcome.TRANSIENT, "fghi"), breaker=paused, now=later)
    assert four.closed_until(later) is None
    five = after((Outcome.TRANSIENT, "j"), breaker=four, now=later)
    expected = later + 10 * MINUTE
    assert expected == five.closed_until(later)


@given(st.lists(st.tuples(st.sampled_from(FAULTS), st.sampled_from("abcdefgh"))))
@examples(50)
def test_transient_faults_never_stop_the_source(looks: list[tuple[Outcome, str]]) -> None:
    """Any number of them: no refusal, no longer pause, and no pause beyond the brief one."""
    breaker = after(*looks)
    expected = (False, 0, 0)
    assert expected == (breaker.stopped, breaker.refusals, breaker.level)
    assert (breaker.closed_until(NOW) or NOW) <= NOW + 10 * MINUTE


def test_transient_faults_never_shorten_the_pause_of_a_refusal() -> None:
    """Refused for an hour, the source stays paused for an hour: one batch may hold both."""
    looks = [(Outcome.RATE_LIMITED, "a"), *many(Outcome.TRANSIENT, "bcdef")]
    expected = NOW + HOUR
    assert expected == after(*looks).closed_until(NOW)


# Half open


def refused(outcome: Outcome = Outcome.BLOCKED) -> Breaker:
    return after((outcome, "a"))


@pytest.mark.parametrize("readable", READABLE)
def test_after_a_pause_the_first_readable_answer_opens_the_source(readable: Outcome) -> None:
    """Until then it is half open."""
    assert refused().state(NOW) == "paused"
    assert refused().state(NOW + HOUR) == "proving"
    opened = after((readable, "b"), breaker=refused(), now=NOW + HOUR)
    assert opened.state(NOW + HOUR) == "ready"


def test_a_late_result_from_before_the_pause_has_no_effect() -> None:
    """Its look began while the source was still read; the source stays half open afterwards."""
    late = after((Outcome.COUNT, "b"), breaker=refused())
    assert late.state(NOW + HOUR) == "proving"


@pytest.mark.parametrize("outcome", [*SURE, *LIKELY, Outcome.NOT_FOUND, Outcome.UNAVAILABLE])
def test_a_failed_canary_counts_as_a_refusal_at_once(outcome: Outcome) -> None:
    """The canary is public, so its failure counts at once, and the pauses continue to grow."""
    breaker, now = refused(), NOW + HOUR
    breaker = breaker.after_canary(outcome, now, HOUR)
    assert (breaker.closed_until(now), breaker.reason) == (now + 2 * HOUR, f"canary {outcome}")
    now += 2 * HOUR
    assert breaker.after_canary(outcome, now, HOUR).state(now) == "stopped"


@pytest.mark.parametrize("outcome", [Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN])
def test_a_readable_canary_closes_the_breaker(outcome: Outcome) -> None:
    """With or without a count: the target was found."""
    opened = refused().after_canary(outcome, NOW + HOUR, HOUR)
    assert (opened.state(NOW + HOUR), opened.refusals) == ("ready", 0)


def test_a_canary_with_a_transient_fault_is_retried_soon() -> None:
    """A sixth of the first pause later, and this never stops the source."""
    breaker, now = refused(), NOW + HOUR
    for _ in range(5):
        breaker = breaker.after_canary(Outcome.TRANSIENT, now, HOUR)
        assert breaker.closed_until(now) == now + HOUR / 6
        now += HOUR / 6
    assert (breaker.state(now), breaker.refusals) == ("proving", 1)


# An operator's pause


def test_an_operator_pauses_a_source_for_a_time() -> None:
    """With a reason; afterwards it is half open, and the level is unchanged."""
    held = Breaker(level=2).held(NOW + HOUR, "operator: new proxy")
    assert (held.state(NOW), held.reason) == ("paused", "operator: new proxy")
    assert (held.state(NOW + HOUR), held.level, held.refusals) == ("proving", 2, 0)


def test_an_operator_stops_a_source() -> None:
    """Until it is resumed."""
    held = Breaker().held(None, "operator")
    assert held.state(NOW + 1000 * DAY) == "stopped"
    assert held.resumed().state(NOW) == "proving"


@pytest.mark.parametrize("closed", [refused(), after(*[(Outcome.BLOCKED, "a")] * 3)])
def test_an_operators_pause_never_shortens_another(closed: Breaker) -> None:
    """A source that is closed for longer stays so, for its own reason."""
    assert closed.held(NOW + HOUR / 2, "operator") == closed
    assert closed.held(None, "operator").stopped


# For any history


@given(
    st.lists(
        st.tuples(st.sampled_from(Outcome), st.sampled_from("abc"), st.sampled_from([0, 1, 5, 24, 50])),
        max_size=40,
    )
)
@examples(100)
def test_it_stops_at_the_third_of_three_refusals_with_nothing_readable_in_between(
    history: list[tuple[Outcome, str, int]],
) -> None:
    """The row is counted up to the stop; suspected refusals are left out here."""
    breaker, now, row = Breaker(), NOW, 0
    for outcome, target, hours in history:
        if outcome in LIKELY:
            continue
        now += hours * HOUR
        breaker = breaker.after(outcome, target, now, HOUR)
        row = row + 1 if outcome in SURE else 0 if outcome in READABLE else row
        assert (row == 3) is breaker.stopped
        if breaker.stopped:
            break
