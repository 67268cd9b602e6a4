"""A job that is silent for too long is named, and only that one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.heartbeats import Heartbeats


class Clock:
    """A monotonic clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Heartbeats:
    return Heartbeats({"sampling": timedelta(seconds=30), "upkeep": timedelta(minutes=5)}, clock)


def test_nobody_is_late_at_the_start(progress: Heartbeats) -> None:
    assert progress.late() == ()


def test_a_job_never_heard_of_is_late_once_its_limit_has_passed_since_the_start(
    progress: Heartbeats, clock: Clock
) -> None:
    clock.seconds += 30
    assert progress.late() == ()
    clock.seconds += 0.5
    assert progress.late() == ("sampling",)


def test_a_beat_gives_the_whole_limit_anew_to_that_job_alone(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 290
    progress.heartbeat("sampling")
    clock.seconds += 20
    assert progress.late() == ("upkeep",)


def test_a_late_job_is_forgiven_when_it_is_heard_of_again(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 1000
    assert progress.late() == ("sampling", "upkeep")
    progress.heartbeat("upkeep")
    assert progress.late() == ("sampling",)


def test_a_job_without_a_limit_is_a_mistake_in_the_program(progress: Heartbeats) -> None:
    with pytest.raises(KeyError, match="smapling"):
        progress.heartbeat("smapling")


def test_many_threads_may_beat_at_once(progress: Heartbeats, clock: Clock) -> None:
    clock.seconds += 1000
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(progress.heartbeat, ["sampling", "upkeep"] * 500))
        assert progress.late() == ()
