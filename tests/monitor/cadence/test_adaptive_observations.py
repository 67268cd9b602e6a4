"""The adaptive cadence: what each look adds to the learned statistics."""

from collections.abc import Sequence

import pytest

from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.observation_state import load
from monitor.cadence.piecewise_hazard import cumulative_hazard
from monitor.cadence.schedule import LookSummary, Priority
from monitor.cadence.virtual_time import VirtualTime
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from tests.builders import HOUR, NOW, a_refill, an_order_state
from tests.monitor.cadence.adaptive_looks import FAILED, a_count, learner, the_look


def observations_of(cadence: AdaptiveCadence) -> list[tuple[float, bool]]:
    return [
        (observation.hours, observation.crossed) for observation in cadence.drain_observations("simulated")
    ]


def look_on(
    cadence: AdaptiveCadence,
    state: OrderState,
    looks: Sequence[tuple[int, int, Priority]],
    cadence_state: str = "",
) -> str:
    """Take looks at an order, each so many hours after the standard now; gives the last memo."""
    for after, count, priority in looks:
        seen = a_count(count, cadence_state, priority)
        cadence_state = the_look(state, seen=seen, now=NOW + after * HOUR, cadence=cadence).cadence_state
    return cadence_state


def test_the_first_look_observes_an_order_since_its_completion() -> None:
    cadence = learner()
    look_on(cadence, an_order_state(), [(0, 1990, Priority.MAX_INTERVAL)])
    assert observations_of(cadence) == [(240, False)]


@pytest.mark.parametrize("priority", [Priority.ROUTINE, Priority.MAX_INTERVAL])
def test_each_routine_look_observes_an_order_since_the_one_before(priority: Priority) -> None:
    cadence = learner()
    look_on(cadence, an_order_state(), [(0, 1990, priority), (5, 1960, priority), (12, 1950, priority)])
    assert observations_of(cadence) == [(240, False), (5, False), (7, True)]


def test_a_crossed_order_adds_no_observation_until_it_has_recovered() -> None:
    cadence = learner()
    looks = [(0, 1990), (1, 1940), (5, 1900), (9, 2000), (20, 1990)]
    look_on(cadence, an_order_state(), [(after, count, Priority.ROUTINE) for after, count in looks])
    assert observations_of(cadence) == [(240, False), (1, True), (11, False)]


def test_an_urgent_look_adds_no_observation_and_keeps_the_cadence_state() -> None:
    """The same event twice within an hour would give too high a hazard; a slope of minutes is none."""
    cadence = learner()
    routine = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)])
    observations_of(cadence)
    urgent = look_on(
        cadence, an_order_state(), [(1, 1960, Priority.URGENT), (2, 1940, Priority.URGENT)], routine
    )
    assert observations_of(cadence) == []
    assert urgent == routine


def test_after_an_urgent_look_the_next_routine_look_observes_all_the_time_since_the_last_one() -> None:
    cadence = learner()
    look_on(
        cadence,
        an_order_state(),
        [(0, 1990, Priority.ROUTINE), (3, 1990, Priority.URGENT), (7, 1990, Priority.ROUTINE)],
    )
    assert observations_of(cadence) == [(240, False), (7, False)]


@pytest.mark.parametrize("outcome", FAILED)
def test_a_failed_look_adds_no_observation_and_keeps_the_cadence_state(outcome: Outcome) -> None:
    cadence = learner()
    cadence_state = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)])
    observations_of(cadence)
    seen = LookSummary(outcome, 1, cadence_state=cadence_state, priority=Priority.ROUTINE, source="simulated")
    assert (
        the_look(an_order_state(), seen=seen, now=NOW + HOUR, cadence=cadence).cadence_state == cadence_state
    )
    assert observations_of(cadence) == []


def test_units_in_flight_are_not_lost() -> None:
    """A drop whose refill is under way is no crossing."""
    cadence = learner()
    refilled = an_order_state(refills=[a_refill(500)])
    look_on(cadence, refilled, [(0, 1500, Priority.ROUTINE)])
    assert observations_of(cadence) == [(240, False)]


def test_observations_are_drained_by_source() -> None:
    cadence = learner()
    look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)])
    assert cadence.drain_observations("another") == []
    assert len(cadence.drain_observations("simulated")) == 1
    assert cadence.drain_observations("simulated") == []


@pytest.mark.parametrize(("crossed", "dearer"), [(True, True), (False, False)])
def test_an_observation_changes_the_hazard_of_similar_orders(crossed: bool, dearer: bool) -> None:
    cadence, clock = learner(), VirtualTime()
    cadence_state = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)])
    (observation,) = cadence.drain_observations("simulated")
    cell = load(cadence_state)[0].cell
    before = cumulative_hazard(cadence.hazards.hazard_for(cell), 30)
    for _ in range(3000):
        cadence.learn(observation._replace(cell=cell, hours=10, crossed=crossed), clock)
    assert (cumulative_hazard(cadence.hazards.hazard_for(cell), 30) > before) is dearer
