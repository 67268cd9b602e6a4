"""The budget of a source: limits per hour and day, spacing, and a reserve for manual checks.

The model beside it keeps every request and counts by looking at all of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.budget import Budget, NthRequest, Purpose, RateLimit
from monitor.sources.contract import RateLimitHint
from monitor.sources.rate_limit_state import RateLimitState
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND
from tests.effort import examples

THIRTY = Budget(requests_per_hour=30, spacing=60 * SECOND)


def history(sent: Sequence[datetime]) -> NthRequest:
    """The answers of a database with these requests."""

    def nth(n: int, since: datetime) -> datetime | None:
        newer = sorted((at for at in sent if at > since), reverse=True)
        return newer[n - 1] if n <= len(newer) else None

    return nth


def free_at(budget: Budget, sent: Sequence[datetime], now: datetime = NOW, **how: object) -> datetime:
    """When the next request may go out, as a time."""
    return budget.free_at(history(sent), now, **how) or now  # type: ignore[arg-type]


def test_the_first_request_may_go_out_at_once() -> None:
    """There is no earlier request."""
    assert THIRTY.free_at(history([]), NOW) is None


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        # minutes ago; when the next may go out, in minutes from now
        ([0], 1),
        ([0.5], 0.5),
        ([1], 0),
        ([5], 0),
        ([0, 1, 2], 1),
        # 29 within the hour: one place is left
        (range(29), 1),
        # 30 within the hour: the oldest of them frees its place one hour after it was sent
        (range(30), 31),
        (range(20, 50), 11),
        ([0, *range(31, 60)], 1),
        # older ones, and more than are needed, change nothing
        (range(45), 31),
        ([*range(29), 60], 1),
        ([*range(29), 59.5], 1),
    ],
)
def test_each_request_frees_its_place_one_hour_after_it_was_sent(ago: list[float], expected: float) -> None:
    """The later of two times: spacing after the newest, an hour after the thirtieth newest."""
    sent = [NOW - minutes * MINUTE for minutes in ago]
    assert free_at(THIRTY, sent) == NOW + expected * MINUTE


def test_a_day_has_a_limit_of_its_own() -> None:
    """Two in any 24 hours, although an hour allows thirty."""
    budget = replace(THIRTY, requests_per_day=2)
    assert free_at(budget, [NOW - 5 * HOUR, NOW - 20 * HOUR]) == NOW + 4 * HOUR
    assert free_at(budget, [NOW - 5 * HOUR, NOW - 24 * HOUR]) == NOW


# The reserve


@pytest.mark.parametrize(
    ("places", "percent", "routine"),
    [
        (30, 10, 27),
        (100, 10, 90),
        (1, 10, 1),
        (1, 90, 1),
        (2, 90, 1),
        (4, 10, 4),
        (9, 10, 9),
        (10, 10, 9),
        (30, 0, 30),
    ],
)
def test_routine_stops_short_of_the_reserve(places: int, percent: int, routine: int) -> None:
    """The share is rounded down; of a tiny budget routine keeps at least one."""
    budget = Budget(places, SECOND, requests_per_day=places, reserve=percent)
    assert budget.limits() == (RateLimit(routine, HOUR), RateLimit(routine, DAY))
    assert budget.limits(Purpose.CANARY) == budget.limits()
    assert budget.limits(Purpose.CHECK) == (RateLimit(places, HOUR), RateLimit(places, DAY))


def test_a_manual_check_goes_out_where_routine_must_wait() -> None:
    """Three of thirty places are kept for it; after these it waits as well."""
    budget = replace(THIRTY, reserve=10)
    sent = [NOW - minutes * MINUTE for minutes in range(20, 47)]
    assert free_at(budget, sent) == NOW + 14 * MINUTE
    assert free_at(budget, sent, purpose=Purpose.CHECK) == NOW
    used_up = [*sent, *(NOW - minutes * MINUTE for minutes in (3, 2, 1))]
    assert free_at(budget, used_up, purpose=Purpose.CHECK) == NOW + 14 * MINUTE


# Any history

BUDGETS = st.builds(
    Budget,
    st.integers(1, 6),
    st.integers(0, 1500).map(lambda s: s * SECOND),
    st.none() | st.integers(1, 30),
    st.sampled_from([0, 50, 300]),
    st.sampled_from([0, 10, 50, 90]),
)
IDLE = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 0, 1, 59, 600, 1799, 3599, 3600, 7300, 50_000]),
        st.sampled_from([Purpose.LOOK, Purpose.LOOK, Purpose.LOOK, Purpose.CHECK, Purpose.CANARY]),
    ),
    max_size=60,
)
Sent = list[tuple[datetime, Purpose]]


def send_greedily(budget: Budget, idle: list[tuple[int, Purpose]]) -> Sent:
    """Send each request as soon as the budget allows it, oldest first."""
    sent: Sent = []
    now = NOW
    for seconds, purpose in idle:
        now += seconds * SECOND
        now = free_at(budget, [at for at, _ in sent], now, purpose=purpose)
        sent.append((now, purpose))
    return sent


@given(BUDGETS, IDLE)
@examples(100)
def test_no_window_ever_holds_more_than_its_limit(budget: Budget, idle: list[tuple[int, Purpose]]) -> None:
    """For any requests, in every hour and every day, at any start."""
    times = [at for at, _ in send_greedily(budget, idle)]
    for window, limit in ((HOUR, budget.requests_per_hour), (DAY, budget.requests_per_day or len(times))):
        for edge in times:
            assert sum(edge <= at < edge + window for at in times) <= limit
            assert sum(edge - window < at <= edge for at in times) <= limit


@given(BUDGETS, IDLE)
@examples(100)
def test_routine_never_takes_a_place_of_the_reserve(budget: Budget, idle: list[tuple[int, Purpose]]) -> None:
    """The hour that ends with a routine request has at most the requests left to routine."""
    sent = send_greedily(budget, idle)
    routine = ceil(budget.requests_per_hour * (100 - budget.reserve) / 100)
    for number, (edge, purpose) in enumerate(sent, start=1):
        if purpose is not Purpose.CHECK:  # a check may follow at the same moment
            assert sum(edge - HOUR < at for at, _ in sent[:number]) <= routine


@given(BUDGETS, IDLE)
@examples(100)
def test_never_less_than_the_spacing_between_two_requests(
    budget: Budget, idle: list[tuple[int, Purpose]]
) -> None:
    """For any requests: two are at least the spacing apart; jitter only adds to it."""
    sent = send_greedily(budget, idle)
    assert all(later - earlier >= budget.spacing for (earlier, _), (later, _) in pairwise(sent))


@given(BUDGETS, IDLE)
@examples(100)
def test_no_request_is_delayed_longer_than_the_limits_require(
    budget: Budget, idle: list[tuple[int, Purpose]]
) -> None:
    """A moment before a request went out it was not wanted yet, or a limit forbade it."""
    sent = send_greedily(budget, idle)
    wanted = NOW
    for i, ((at, purpose), (seconds, _)) in enumerate(zip(sent, idle, strict=True)):
        wanted += seconds * SECOND
        earlier = [other for other, _ in sent[:i]]
        early = at - INSTANT
        full = any(
            sum(early - limit.window < other for other in earlier) >= limit.places
            for limit in budget.limits(purpose)
        )
        longest = budget.spacing * (1 + budget.jitter / 100)
        near = bool(earlier) and early - earlier[-1] < longest
        assert at == wanted or full or near
        wanted = at


@given(BUDGETS, IDLE, st.integers(0, 90_000))
@examples(50)
def test_all_daemons_compute_the_same_time(
    budget: Budget, idle: list[tuple[int, Purpose]], later: int
) -> None:
    """No random draw: the result is the same when repeated, later or after a restart."""
    sent = [at for at, _ in send_greedily(budget, idle)]
    now = sent[-1] if sent else NOW
    first = free_at(budget, sent, now)
    again = free_at(replace(budget), sent[::-1], now + later * SECOND)
    assert again == max(first, now + later * SECOND)


# Jitter


def test_jitter_uses_its_whole_range() -> None:
    """With 50 percent: from once to one and a half times the spacing, evenly."""
    budget = replace(THIRTY, jitter=50)
    gaps = [(free_at(budget, [at], at) - at) / MINUTE for at in (NOW + i * SECOND for i in range(2000))]
    assert 1 <= min(gaps) < 1.01
    assert 1.49 < max(gaps) <= 1.5
    assert sum(gaps) / len(gaps) == pytest.approx(1.25, abs=0.01)


def test_jitter_follows_no_pattern() -> None:
    """Gaps after evenly spaced requests are uncorrelated."""
    budget = replace(THIRTY, jitter=100)
    gaps = [(free_at(budget, [at], at) - at) / MINUTE for at in (NOW + i * MINUTE for i in range(2000))]
    alike = sum((a - 1.5) * (b - 1.5) for a, b in pairwise(gaps)) / len(gaps) * 12
    assert abs(alike) < 0.1


# Rate limit state


def strained(percent: int | None, wait: timedelta | None = None, at: datetime = NOW) -> RateLimitState:
    return RateLimitState().after(RateLimitHint(percent, wait), at)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 60), (74, 60), (75, 120), (80, 240), (85, 360), (89, 456)]
)
def test_from_75_percent_on_requests_go_out_evenly_and_then_slower(percent: int, expected: int) -> None:
    """Thirty an hour are one in two minutes; just before the stop it is one in almost eight."""
    assert free_at(THIRTY, [NOW], rate_limit_state=strained(percent)) == NOW + expected * SECOND


@pytest.mark.parametrize("percent", [90, 100, 250])
def test_at_90_percent_no_request_is_sent_for_an_hour(percent: int) -> None:
    """Not for a manual check either, and also without own requests."""
    for purpose in Purpose:
        assert free_at(THIRTY, [], rate_limit_state=strained(percent), purpose=purpose) == NOW + HOUR
    assert free_at(THIRTY, [], NOW + HOUR, rate_limit_state=strained(percent)) == NOW + HOUR


@pytest.mark.parametrize(
    ("wait", "expected"), [(5 * MINUTE, 5 * MINUTE), (3 * HOUR, 3 * HOUR), (9 * DAY, DAY)]
)
def test_a_source_is_paused_for_as_long_as_it_asks(wait: timedelta, expected: timedelta) -> None:
    """At most a day, at any percentage."""
    for percent in (None, 20, 95):
        assert free_at(THIRTY, [], rate_limit_state=strained(percent, wait)) == NOW + expected


def test_a_rate_limit_hint_expires_after_an_hour() -> None:
    """The limit of the platform is per hour."""
    slow = replace(THIRTY, spacing=MINUTE, requests_per_hour=1000)
    rate_limit_state = strained(89, at=NOW - 59 * MINUTE - 30 * SECOND)
    assert free_at(slow, [NOW], rate_limit_state=rate_limit_state) == NOW + MINUTE
    lazy = replace(THIRTY, requests_per_hour=2)
    assert free_at(lazy, [NOW], rate_limit_state=strained(89, at=NOW - 50 * MINUTE)) == NOW + 10 * MINUTE


@given(BUDGETS, st.integers(75, 89), st.integers(75, 89), st.integers(0, 3600))
@examples(100)
def test_a_stricter_rate_limit_is_never_faster(budget: Budget, one: int, other: int, ago: int) -> None:
    """Without a rate limit state requests are fastest."""
    sent = [NOW - ago * SECOND]
    none, less, more = (
        free_at(budget, sent, rate_limit_state=rate_limit_state)
        for rate_limit_state in (RateLimitState(), strained(min(one, other)), strained(max(one, other)))
    )
    assert none <= less <= more <= max(none, NOW + HOUR)
