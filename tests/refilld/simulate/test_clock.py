"""The virtual clock jumps from event to event, and skips none."""

from datetime import timedelta

import pytest

from refilld.simulate.clock import SimulationClock
from tests.refilld.simulate.simulate_world import BEGIN, DAY, HOUR


@pytest.fixture
def clock() -> SimulationClock:
    return SimulationClock(BEGIN, BEGIN + DAY)


def test_waiting_takes_simulated_time_only(clock: SimulationClock) -> None:
    assert not clock.wait(3 * HOUR)
    assert clock.now() == BEGIN + 3 * HOUR


def test_waiting_ends_at_the_next_event(clock: SimulationClock) -> None:
    clock.at(BEGIN + HOUR, lambda: None)
    assert clock.wait(3 * HOUR)
    assert clock.now() == BEGIN + HOUR


def test_a_wait_of_zero_reports_a_due_event(clock: SimulationClock) -> None:
    assert not clock.wait(timedelta(0))
    clock.at(BEGIN, lambda: None)
    assert clock.wait(timedelta(0))


def test_an_unlimited_wait_ends_with_the_simulation(clock: SimulationClock) -> None:
    assert clock.wait(timedelta.max)
    assert (clock.now(), clock.over) == (BEGIN + DAY, True)


def test_events_run_in_order_of_time_and_of_scheduling(clock: SimulationClock) -> None:
    happened: list[str] = []
    clock.at(BEGIN + 2 * HOUR, lambda: happened.append("third"))
    clock.at(BEGIN + HOUR, lambda: happened.append("first"))
    clock.at(BEGIN + HOUR, lambda: happened.append("second"))
    clock.advance(None)
    clock.run_due()
    assert happened == ["first", "second"]
    clock.advance(None)
    clock.run_due()
    assert happened == ["first", "second", "third"]


def test_an_hourly_event_runs_from_the_start_until_before_the_end(
    clock: SimulationClock,
) -> None:
    hours: list[float] = []
    clock.every(HOUR, lambda: hours.append((clock.now() - BEGIN) / HOUR))
    while not clock.over:
        clock.run_due()
        clock.advance(None)
    assert hours == list(range(24))


def test_a_jump_goes_no_further_than_the_next_event(clock: SimulationClock) -> None:
    clock.at(BEGIN + HOUR, lambda: None)
    clock.advance(BEGIN + 5 * HOUR)
    assert clock.now() == BEGIN + HOUR
