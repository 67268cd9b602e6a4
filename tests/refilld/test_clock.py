"""The clock: a time before this release is certainly wrong, and nothing is decided by it."""

import pytest

from monitor.errors import ClockError
from refilld.clock import RELEASED, plausible, real_clock
from tests.builders import INSTANT


def test_a_time_before_the_release_is_refused() -> None:
    """With the remedy."""
    assert plausible(RELEASED) == RELEASED
    with pytest.raises(ClockError, match=r"before this release .*timedatectl set-ntp true"):
        plausible(RELEASED - INSTANT)
    assert real_clock() > RELEASED
