"""The rate limit state: what a platform reports of its own limit, for any report."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.contract import RateLimitHint
from monitor.sources.rate_limit_state import RateLimitState
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND
from tests.effort import examples


def test_a_source_that_says_nothing_of_its_limit_leaves_no_trace() -> None:
    """Nor does it wipe out what it said before."""
    heard = RateLimitState(50, NOW, NOW + HOUR)
    assert RateLimitState().after(RateLimitHint(), NOW) == RateLimitState()
    assert heard.after(RateLimitHint(), NOW + MINUTE) == heard


def test_the_newest_percentage_holds_and_for_an_hour() -> None:
    """A lower one, too: the platform's hour rolls on."""
    rate_limit_state = RateLimitState().after(RateLimitHint(80), NOW).after(RateLimitHint(40), NOW + MINUTE)
    assert rate_limit_state.used(NOW + HOUR) == 40
    assert rate_limit_state.used(NOW + HOUR + MINUTE) is None


@pytest.mark.parametrize(("later", "waits"), [(HOUR - INSTANT, True), (HOUR, False)])
def test_a_wait_ends_at_its_end(later: timedelta, waits: bool) -> None:
    """At that moment the platform may be asked again."""
    rate_limit_state = RateLimitState().after(RateLimitHint(95), NOW)
    assert (rate_limit_state.waits_until(NOW + later) is not None) is waits


def test_a_wait_is_not_cut_short_by_a_later_answer() -> None:
    """A request that was on its way already says 70 percent, or asks for a minute."""
    rate_limit_state = RateLimitState().after(RateLimitHint(100, 5 * HOUR), NOW)
    for rate_limit in (RateLimitHint(70), RateLimitHint(None, MINUTE), RateLimitHint(95)):
        assert rate_limit_state.after(rate_limit, NOW + SECOND).waits_until(NOW + SECOND) == NOW + 5 * HOUR


@pytest.mark.parametrize("wait", [timedelta(0), -HOUR])
def test_no_time_to_wait_says_nothing(wait: timedelta) -> None:
    """Headers name a wait of 0 while there is none: at 90 percent the hour must roll all the same."""
    assert RateLimitState().after(RateLimitHint(20, wait), NOW).waits_until(NOW) is None
    assert RateLimitState().after(RateLimitHint(90, wait), NOW).waits_until(NOW) == NOW + HOUR


def test_a_wait_from_a_clock_that_was_wrong_is_none() -> None:
    """No platform asks for more than a day; what says so was noted in another year."""
    wrong = RateLimitState().after(RateLimitHint(100, HOUR), NOW + 365 * DAY)
    assert wrong.waits_until(NOW) is None
    assert wrong.after(RateLimitHint(100, HOUR), NOW).waits_until(NOW) == NOW + HOUR


@given(st.integers(), st.none() | st.timedeltas())
@examples(200)
def test_a_rate_limit_hint_pauses_a_source_for_a_day_at_most(percent: int, wait: timedelta | None) -> None:
    """And what is kept fits into a database."""
    rate_limit_state = RateLimitState().after(RateLimitHint(percent, wait), NOW)
    assert rate_limit_state.used_percent in range(1000)
    assert NOW <= (rate_limit_state.waits_until(NOW) or NOW) <= NOW + DAY
    assert 1 <= rate_limit_state.slowness <= 4
