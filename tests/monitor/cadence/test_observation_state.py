"""Observation states of the orders of a target: stored and loaded, with invalid text ignored."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.hazard import cell_at
from monitor.cadence.observation_state import (
    ObservationState,
    dump,
    hours_since_epoch,
    load,
    observed,
    time_of,
)
from tests.builders import DAY, HOUR, NOW
from tests.effort import examples

FLOATS = st.floats(0, 1e6)
OBSERVATIONS = st.builds(
    ObservationState,
    order_id=st.text(),
    service=st.text(),
    completed=FLOATS,
    ends=st.none() | FLOATS,
    line=st.integers(0, 10**12),
    threshold=st.integers(1, 10**9),
    weight=st.floats(1e-3, 1e9),
    at=FLOATS,
    age=st.integers(0, 9),
    margin=st.integers(0, 6),
    slope=st.integers(0, 3),
    used=st.integers(-(10**6), 10**6).map(lambda share: share / 10_000),
)
OBSERVATION = ObservationState(
    "1", "7", hours_since_epoch(NOW) - 100, None, 2000, 50, 50.0, hours_since_epoch(NOW), 0, 0, 0, 0.2
)


@given(st.lists(OBSERVATIONS))
@examples(100)
def test_a_stored_observation_state_is_loaded_unchanged(observations: list[ObservationState]) -> None:
    assert load(dump(observations)) == observations


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "17",
        "null",
        "[[]]",
        "[1]",
        '{"a": 1}',
        '[["1", "7"]]',
        "[" * 100_000,
        "[[1,2,3,4,5,6,7,8,9,10,11,12,13]]",
    ],
)
def test_an_invalid_text_is_no_observation_state(text: str) -> None:
    assert load(text) == []


@pytest.mark.parametrize("field", ObservationState._fields)
@pytest.mark.parametrize("value", [None, "x", float("nan"), float("inf"), -1e308, 1e308, 77, -1, [], True])
def test_an_observation_state_with_an_impossible_value_is_dropped(field: str, value: Any) -> None:
    """A damaged row loses only its own state, and loaded states are usable."""
    damaged = OBSERVATION._replace(**{field: value})
    for observation in load(json.dumps([damaged])):
        after = observed(observation, 1990, hours_since_epoch(NOW + DAY))
        assert load(dump([after])) == [after._replace(used=round(after.used, 4))]


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
@examples(150)
def test_any_text_can_be_loaded(text: str) -> None:
    """The result can be stored and loaded again."""
    observations = load(text)
    assert all(isinstance(observation, ObservationState) for observation in observations)


def test_a_look_assigns_an_order_to_its_cell() -> None:
    """20 % of the threshold of 50 used; a day later 1965 are there: 70 %, half a threshold a day."""
    after = observed(OBSERVATION, 1965, hours_since_epoch(NOW + DAY))
    assert (after.used, after.at) == (0.7, hours_since_epoch(NOW + DAY))
    assert after.cell == cell_at("7", 124.0, 0.7, 0.5)


def test_two_looks_at_the_same_time_give_no_slope() -> None:
    assert observed(OBSERVATION, 1965, hours_since_epoch(NOW)).cell == cell_at("7", 100.0, 0.7, None)


def test_after_a_crossing_there_is_no_slope() -> None:
    """A refill is no recovery."""
    crossed = OBSERVATION._replace(used=1.4)
    assert observed(crossed, 2000, hours_since_epoch(NOW + DAY)).cell == cell_at("7", 124.0, 0.0, None)


def test_hours_and_times_convert_into_each_other() -> None:
    assert time_of(hours_since_epoch(NOW)) == NOW
    assert hours_since_epoch(NOW + HOUR) - hours_since_epoch(NOW) == pytest.approx(1)
