"""A source's budget: at most so many requests in any hour, and so much time between two of them."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import HOUR, INSTANT, MINUTE, NOW, SECOND, examples

from monitor.sources.budget import Budget

THIRTY = Budget(requests_per_hour=30, spacing=60 * SECOND)


def test_the_first_request_may_go_out_at_once() -> None:
    """There is nothing to keep a distance from."""
    assert THIRTY.free_at([]) is None


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        # minutes ago, newest first; when the next may go out, in minutes from now
        ([0], 1),
        ([0.5], 0.5),
        ([5], -4),
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
    latest = [NOW - minutes * MINUTE for minutes in ago]
    assert NOW + expected * MINUTE == THIRTY.free_at(latest)


BUDGETS = st.builds(Budget, st.integers(1, 6), st.integers(0, 1500).map(lambda s: s * SECOND))
IDLE = st.lists(st.sampled_from([0, 0, 0, 0, 1, 59, 600, 1799, 3599, 3600, 7300]), max_size=40)


def send_greedily(budget: Budget, idle: list[int]) -> list[datetime]:
    """Send whenever there is something to send and the budget lets it out; times, oldest first."""
    sent: list[datetime] = []
    now = NOW
    for seconds in idle:
        now += seconds * SECOND
        free = budget.free_at(sent[::-1][: budget.requests_per_hour])
        now = max(now, free or now)
        sent.append(now)
    return sent


@given(BUDGETS, IDLE)
@examples(200)
def test_never_more_than_the_limit_in_any_hour(budget: Budget, idle: list[int]) -> None:
    """However requests come in: every window of one hour, wherever it begins, holds at most the limit."""
    sent = send_greedily(budget, idle)
    for begin in sent:
        assert budget.requests_per_hour >= sum(begin <= at < begin + HOUR for at in sent)
        assert budget.requests_per_hour >= sum(begin - HOUR < at <= begin for at in sent)


@given(BUDGETS, IDLE)
@examples(200)
def test_never_less_than_the_spacing_between_two_requests(budget: Budget, idle: list[int]) -> None:
    """However requests come in: two of them are at least the spacing apart."""
    sent = send_greedily(budget, idle)
    assert all(later - earlier >= budget.spacing for earlier, later in pairwise(sent))


@given(BUDGETS, IDLE)
@examples(200)
def test_no_request_is_kept_back_longer_than_the_limits_ask(budget: Budget, idle: list[int]) -> None:
    """One instant earlier than `free_at` would break the spacing or the limit of the hour."""
    sent = send_greedily(budget, idle)
    free = budget.free_at(sent[::-1])
    if free is not None:
        early = free - INSTANT
        crowded = sum(early - HOUR < at for at in sent) >= budget.requests_per_hour
        assert crowded or early - sent[-1] < budget.spacing


def test_a_long_history_says_no_more_than_its_newest_part() -> None:
    """`requests_per_hour` of the newest requests are enough."""
    latest = [NOW - timedelta(minutes=2 * i) for i in range(100)]
    assert THIRTY.free_at(latest[:30]) == THIRTY.free_at(latest)
