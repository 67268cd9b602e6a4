"""A job without a heartbeat within its limit is reported as late, and only that one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.heartbeats import Heartbeats


class Clock:
    """A monotonic clock that is set by the test."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Heartbeats:
    return Heartbeats({"sampling": timedelta(seconds=30), "maintenance": timedelta(minutes=5)}, clock)


def test_no_job_is_late_at_the_start(progress: Heartbeats) -> None:
    assert progress.late() == ()


def test_a_job_without_heartbeat_is_late_once_its_limit_has_passed_since_the_start(
    progress: Heartbeats, clock: Clock
) -> None:
    clock.seconds += 30
    assert progress.late() == ()
    clock.seconds += 0.5
    assert progress.late() == ("sampling",)


def test_a_heartbeat_restarts_the_limit_of_its_job_only(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 290
    progress.heartbeat("sampling")
    clock.seconds += 20
    assert progress.late() == ("maintenance",)


def test_a_late_job_is_no_longer_late_after_a_heartbeat(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 1000
    assert progress.late() == ("sampling", "maintenance")
    progress.heartbeat("maintenance")
    assert progress.late() == ("sampling",)


def test_a_heartbeat_of_an_unknown_job_is_an_error(progress: Heartbeats) -> None:
    with pytest.raises(KeyError, match="smapling"):
        progress.heartbeat("smapling")


def test_heartbeats_are_thread_safe(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 1000
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.heartbeat, ["sampling", "maintenance"] * 500))
        assert progress.late() == ()
