"""Capacity: the age of a look and the drops missed at a budget; more budget never makes it worse."""

from datetime import timedelta
from math import inf, isclose, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.capacity import MAX_AGE, Allowance, BindingLimit, CadenceKind, Capacity
from tests.effort import examples

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ANONYMOUS = Allowance(27, spacing=timedelta(seconds=60), jitter=50)
"""The defaults of a source without its reserve."""

rates = st.floats(0, 1e9)
crowds = st.integers(0, 10**12)
factors = st.floats(0.01, 1000)
policies = st.sampled_from(CadenceKind)
schedule_requests = st.timedeltas(timedelta(0), 365 * DAY)
"""What `every` may be."""


def seen(looks_per_day: float) -> Capacity:
    """A capacity at which each of 1000 targets has so many looks a day."""
    return Capacity(looks_per_day * 1000 / 24, 1000)


# The budget


@pytest.mark.parametrize(
    ("allowed", "rate", "binding"),
    [
        (ANONYMOUS, 27, BindingLimit.HOUR),
        (Allowance(30), 30, BindingLimit.HOUR),
        (Allowance(30, requests_per_day=240), 10, BindingLimit.DAY),
        (Allowance(30, requests_per_day=720), 30, BindingLimit.HOUR),
        (Allowance(1000, spacing=timedelta(minutes=1)), 60, BindingLimit.SPACING),
        # waits of 1 to 2 minutes: 1.5 on average
        (Allowance(1000, spacing=timedelta(minutes=1), jitter=100), 40, BindingLimit.SPACING),
    ],
)
def test_the_tightest_limit_determines_the_rate(
    allowed: Allowance, rate: float, binding: BindingLimit
) -> None:
    """`binding` names the limit by its configuration key."""
    assert allowed.rate == pytest.approx(rate)
    assert allowed.binding is binding


# The arithmetic


def test_the_age_of_a_look_is_the_duration_of_one_round() -> None:
    """At 30 requests an hour and 4,000 targets: 5.6 days, half of it on average."""
    capacity = Capacity(30, 4000)
    for policy in CadenceKind:
        assert capacity.oldest_look(policy) == capacity.going_round == HOUR * 4000 / 30
        assert round(capacity.oldest_look(policy) / DAY, 1) == 5.6
        assert capacity.mean_look(policy) == capacity.oldest_look(policy) / 2
        assert isclose(capacity.looks_per_day(policy), 0.18)


@pytest.mark.parametrize(("policy", "hours"), [(CadenceKind.FIXED, 6), (CadenceKind.LEARNED, 1)])
def test_spare_budget_makes_no_look_earlier_than_the_cadence_schedules(
    policy: CadenceKind, hours: int
) -> None:
    """At an `every` of six hours: the fixed cadence looks every six hours, the learned one hourly at most."""
    spare = Capacity(1000, 10, every=6 * HOUR)
    assert spare.oldest_look(policy) == hours * HOUR
    assert spare.mean_look(policy) == spare.delay(policy) == hours * HOUR / 2
    assert spare.looks_per_day(policy) == 24 / hours
    assert spare.missed(policy) == pytest.approx(seen(24 / hours).missed(policy))


@pytest.mark.parametrize("policy", CadenceKind)
def test_with_too_small_a_budget_the_cadence_makes_no_difference(policy: CadenceKind) -> None:
    """A round then takes longer than `every`."""
    small, free = Capacity(30, 4000, every=6 * HOUR), Capacity(30, 4000)
    assert small.oldest_look(policy) == free.oldest_look(policy)
    assert small.missed(policy) == free.missed(policy)


@pytest.mark.parametrize("policy", CadenceKind)
def test_rare_looks_see_a_drop_late_at_any_measured_rate(policy: CadenceKind) -> None:
    """Half of the least time between two looks, with any budget; the measured runs looked more often."""
    seldom = Capacity(1000, 10, every=144 * HOUR)
    assert seldom.delay(policy) >= seldom.floor(policy) / 2


def test_a_request_that_reads_several_targets_counts_for_each_of_them() -> None:
    """Three looks a request are equivalent to three times the requests."""
    assert Capacity(10, 4000, 3).going_round == Capacity(30, 4000).going_round
    for policy in CadenceKind:
        assert isclose(Capacity(10, 4000, 3).missed(policy), Capacity(30, 4000).missed(policy))


@given(rate=st.floats(0.1, 1e6), targets=st.integers(1, 10**7), looks=factors, hours=st.integers(1, 1000))
@examples(50)
def test_at_the_rate_that_is_needed_no_look_gets_older(
    rate: float, targets: int, looks: float, hours: int
) -> None:
    """A round takes exactly the interval that the rate was computed for."""
    every = HOUR * hours
    needed = Capacity(rate, targets, looks).requests_needed(every)
    assert isclose(Capacity(needed, targets, looks).going_round / HOUR, hours, rel_tol=1e-6)


# What is missed


@pytest.mark.parametrize(
    ("looks", "fixed", "learned"),
    [(0.005, 0.85, 0.38), (0.05, 0.13, 0.035), (0.25, 0.05, 0.0022), (1, 0.011, 0.0007)],
)
def test_at_measured_rates_the_share_missed_is_the_measured_one(
    looks: float, fixed: float, learned: float
) -> None:
    """At the points of the measured runs, up to rounding."""
    assert seen(looks).missed(CadenceKind.FIXED) == pytest.approx(fixed)
    assert seen(looks).missed(CadenceKind.LEARNED) == pytest.approx(learned)


def test_halfway_between_two_points_is_halfway_in_logarithms() -> None:
    """Ten times the looks between 0.005 and 0.05 bring 0.85 down to 0.13; a square root of that, half way."""
    middle = seen((0.005 * 0.05) ** 0.5).missed(CadenceKind.FIXED)
    assert middle == pytest.approx((0.85 * 0.13) ** 0.5)


@pytest.mark.parametrize(("requests_per_day", "missed"), [(0.05, 0.014), (0.25, 0.0017), (1, 0.0006)])
def test_runs_with_coalescing_agree_within_a_factor_of_two(requests_per_day: float, missed: float) -> None:
    """Runs with 2.3 orders a request, which the tables do not contain."""
    estimate = Capacity(requests_per_day * 1000 / 24, 1000, 2.3).missed(CadenceKind.LEARNED)
    assert missed / 2 < estimate < missed * 2


@pytest.mark.parametrize("policy", CadenceKind)
def test_frequent_looks_see_a_drop_after_half_of_their_interval(policy: CadenceKind) -> None:
    """Also beyond the measured range: a look a minute means a delay of half a minute."""
    assert seen(24 * 60).delay(policy) == timedelta(seconds=30)


@given(policy=policies, rate=rates, more=rates, targets=crowds, looks=factors, every=schedule_requests)
@examples(50)
def test_more_budget_never_makes_it_worse(
    policy: CadenceKind, rate: float, more: float, targets: int, looks: float, every: timedelta
) -> None:
    """Neither the age of a look, nor the share missed, nor the delay grows."""
    less, greater = Capacity(rate, targets, looks, every), Capacity(rate + more, targets, looks, every)
    assert greater.oldest_look(policy) <= less.oldest_look(policy)
    assert greater.missed(policy) <= less.missed(policy) * (1 + 1e-9)
    assert greater.delay(policy) <= less.delay(policy) * (1 + 1e-9)


@given(policy=policies, rate=rates, targets=crowds, more=crowds, looks=factors, every=schedule_requests)
@examples(50)
def test_more_targets_never_make_it_better(
    policy: CadenceKind, rate: float, targets: int, more: int, looks: float, every: timedelta
) -> None:
    """The same looks are divided among more targets."""
    few, many = Capacity(rate, targets, looks, every), Capacity(rate, targets + more, looks, every)
    assert few.oldest_look(policy) <= many.oldest_look(policy)
    assert few.missed(policy) <= many.missed(policy) * (1 + 1e-9)
    assert few.delay(policy) <= many.delay(policy) * (1 + 1e-9)


@given(rate=rates, targets=crowds, looks=factors, every=schedule_requests)
@examples(50)
def test_the_adaptive_cadence_is_never_worse_than_the_fixed_one(
    rate: float, targets: int, looks: float, every: timedelta
) -> None:
    """At any budget, also outside the measured range."""
    capacity = Capacity(rate, targets, looks, every)
    assert capacity.missed(CadenceKind.LEARNED) <= capacity.missed(CadenceKind.FIXED)
    assert capacity.delay(CadenceKind.LEARNED) <= capacity.delay(CadenceKind.FIXED)


@given(policy=policies, rate=rates, targets=crowds, looks=factors, every=schedule_requests)
@examples(50)
def test_any_state_gives_a_consistent_answer(
    policy: CadenceKind, rate: float, targets: int, looks: float, every: timedelta
) -> None:
    """A share is at most one; a drop is seen by the target's next look or the end of its guarantee."""
    capacity = Capacity(rate, targets, looks, every)
    assert 0 <= capacity.missed(policy) <= 1
    assert timedelta(0) <= capacity.delay(policy) <= min(capacity.oldest_look(policy), 30 * DAY)
    assert capacity.oldest_look(policy) <= MAX_AGE
    assert isfinite(capacity.requests_needed(HOUR))


def test_without_targets_nothing_is_old_and_nothing_missed() -> None:
    """Whatever the budget, none at all included."""
    for capacity in (Capacity(30, 0, every=HOUR), Capacity(0, 0)):
        assert (capacity.going_round, capacity.missed(CadenceKind.FIXED)) == (timedelta(0), 0)
        assert capacity.oldest_look(CadenceKind.FIXED) == timedelta(0)
        assert capacity.requests_needed(HOUR) == 0
        assert capacity.looks_per_day(CadenceKind.FIXED) == inf


def test_without_a_budget_everything_is_missed() -> None:
    """There are no looks."""
    empty = Capacity(0, 10)
    assert (empty.going_round, empty.missed(CadenceKind.LEARNED)) == (MAX_AGE, 1)
    assert empty.delay(CadenceKind.LEARNED) == 30 * DAY
