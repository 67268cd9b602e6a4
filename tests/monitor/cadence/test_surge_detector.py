"""The surge detector: when the orders of a service drop faster than usual."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.surge_detector import MAX_STRENGTH, MIN_STRENGTH, SurgeDetector

HAZARD = 0.004
"""Per hour, without a surge."""
LOOKS = st.lists(st.tuples(st.floats(0, 2), st.floats(0, 200), st.floats(0, 5), st.booleans()), max_size=200)


def watch(surge: SurgeDetector, begin: int, end: int, strength: float, dice: random.Random) -> bool:
    """Observe 30 looks per hour, each six hours after the last one at its order; whether a surge is on."""
    for hour in range(begin, end):
        for _ in range(30):
            crossed = dice.random() < HAZARD * strength * 6
            surge.observe(HAZARD * 6, 6.0, float(hour), crossed=crossed)
    return surge.on


def test_a_surge_is_detected_and_ends() -> None:
    """Within hours; its strength and its start are estimated."""
    surge, dice = SurgeDetector(), random.Random(1)
    assert not watch(surge, 0, 200, 1.0, dice)
    assert watch(surge, 200, 212, 5.0, dice)
    assert 2.5 < surge.strength < 10
    assert 190 < surge.begun < 212
    assert surge.rate_multiplier == pytest.approx(surge.strength**0.5)
    watch(surge, 212, 230, 5.0, dice)
    assert not watch(surge, 230, 260, 1.0, dice)
    assert surge.rate_multiplier == 1.0
    assert 60 + 40 < surge.effective_hours(60.0, 260.0) < 60 + 300


def test_the_usual_hazard_is_no_surge() -> None:
    """No false alarm in a month with thirty looks an hour."""
    surge, dice = SurgeDetector(), random.Random(3)
    for hour in range(720):
        watch(surge, hour, hour + 1, 1.0, dice)
        assert not surge.on


def test_without_a_surge_hours_are_not_weighted() -> None:
    """Nor are the hours before a surge."""
    surge = SurgeDetector(begun=100.0, on=True, strength=5.0)
    assert SurgeDetector().effective_hours(24.0, 50.0) == 24.0
    assert surge.effective_hours(10.0, 110.0) == pytest.approx(50.0)
    assert surge.effective_hours(20.0, 110.0) == pytest.approx(60.0)


@given(LOOKS)
def test_any_looks_leave_a_consistent_detector(looks: list[tuple[float, float, float, bool]]) -> None:
    """Strength within its bounds, no hour shorter than an hour, and the same after dump and load."""
    surge, now = SurgeDetector(), 0.0
    for hazard, hours, later, crossed in looks:
        now += later
        surge.observe(hazard, hours, now, crossed=crossed)
        assert not surge.on or MIN_STRENGTH <= surge.strength <= MAX_STRENGTH
        assert surge.effective_hours(hours, now) >= hours
    assert SurgeDetector.load(surge.dump()) == surge
