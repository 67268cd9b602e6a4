"""The rate limit state: the limit as the platform reports it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.contract import RateLimitHint
from monitor.sources.rate_limit_state import RateLimitState
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND
from tests.effort import examples


def test_a_reading_without_a_hint_does_not_change_the_state() -> None:
    """An earlier hint stays."""
    heard = RateLimitState(50, NOW, NOW + HOUR)
    assert RateLimitState().after(RateLimitHint(), NOW) == RateLimitState()
    assert heard.after(RateLimitHint(), NOW + MINUTE) == heard


def test_the_newest_percentage_holds_and_for_an_hour() -> None:
    """A lower one, too, because the hour of the platform is a sliding window."""
    rate_limit_state = RateLimitState().after(RateLimitHint(80), NOW).after(RateLimitHint(40), NOW + MINUTE)
    assert rate_limit_state.used(NOW + HOUR) == 40
    assert rate_limit_state.used(NOW + HOUR + MINUTE) is None


@pytest.mark.parametrize(("later", "waits"), [(HOUR - INSTANT, True), (HOUR, False)])
def test_a_wait_ends_at_its_end(later: timedelta, waits: bool) -> None:
    """At that time a request is allowed again."""
    rate_limit_state = RateLimitState().after(RateLimitHint(95), NOW)
    assert (rate_limit_state.waits_until(NOW + later) is not None) is waits


def test_a_wait_is_not_cut_short_by_a_later_answer() -> None:
    """A concurrent request may report 70 percent, or a wait of a minute."""
    rate_limit_state = RateLimitState().after(RateLimitHint(100, 5 * HOUR), NOW)
    for rate_limit in (RateLimitHint(70), RateLimitHint(None, MINUTE), RateLimitHint(95)):
        assert rate_limit_state.after(rate_limit, NOW + SECOND).waits_until(NOW + SECOND) == NOW + 5 * HOUR


@pytest.mark.parametrize("wait", [timedelta(0), -HOUR])
def test_a_wait_of_0_has_no_effect(wait: timedelta) -> None:
    """Headers report 0 without a wait: at 90 percent the hour still has to pass."""
    assert RateLimitState().after(RateLimitHint(20, wait), NOW).waits_until(NOW) is None
    assert RateLimitState().after(RateLimitHint(90, wait), NOW).waits_until(NOW) == NOW + HOUR


def test_a_wait_from_a_wrong_clock_is_ignored() -> None:
    """A wait of more than a day was stored while the clock was wrong."""
    wrong = RateLimitState().after(RateLimitHint(100, HOUR), NOW + 365 * DAY)
    assert wrong.waits_until(NOW) is None
    assert wrong.after(RateLimitHint(100, HOUR), NOW).waits_until(NOW) == NOW + HOUR


@given(st.integers(), st.none() | st.timedeltas())
@examples(100)
def test_a_rate_limit_hint_pauses_a_source_for_a_day_at_most(percent: int, wait: timedelta | None) -> None:
    """The stored value fits into a database."""
    rate_limit_state = RateLimitState().after(RateLimitHint(percent, wait), NOW)
    assert rate_limit_state.used_percent in range(1000)
    assert NOW <= (rate_limit_state.waits_until(NOW) or NOW) <= NOW + DAY
    assert 1 <= rate_limit_state.slowness <= 4
