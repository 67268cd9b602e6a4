"""Back-off after failures."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model.backoff import Backoff
from tests.builders import HOUR, MINUTE


def test_the_wait_is_doubled_after_each_failure_up_to_the_longest() -> None:
    """Without jitter: 1, 2, 4, … minutes."""
    backoff = Backoff(MINUTE, 6 * HOUR)
    waits = [backoff.wait(attempt, 1.0) for attempt in (1, 2, 3, 9, 10, 1000)]
    assert waits == [MINUTE, 2 * MINUTE, 4 * MINUTE, 256 * MINUTE, 6 * HOUR, 6 * HOUR]


@given(st.integers(0, 10**6), st.floats(0, 1), st.timedeltas(timedelta(seconds=1), timedelta(days=300)))
def test_jitter_spreads_the_wait_between_its_half_and_all_of_it(
    attempt: int, jitter: float, first: timedelta
) -> None:
    """Whatever is configured."""
    backoff = Backoff(first, first * 8)
    whole, half = backoff.wait(attempt, 1.0), backoff.wait(attempt, 0.0)
    assert abs(whole - 2 * half) <= timedelta(microseconds=2)
    assert half <= backoff.wait(attempt, jitter) <= whole <= first * 8
