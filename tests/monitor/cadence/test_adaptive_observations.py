"""The adaptive cadence: the observations of a look, and what learning from them changes."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.observation_state import load
from monitor.cadence.piecewise_hazard import cumulative_hazard
from monitor.cadence.schedule import LookSummary, Observation, Priority
from monitor.cadence.virtual_time import VirtualTime
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from tests.builders import HOUR, MINUTE, NOW, a_refill, an_order_state
from tests.monitor.cadence.adaptive_looks import FAILED, a_count, learner, the_look


class Looked(NamedTuple):
    """The cadence state and the observations after some looks at one order."""

    cadence_state: str
    observations: list[Observation]

    @property
    def learned(self) -> list[tuple[float, bool]]:
        """Hours of exposure of each observation, and whether the threshold was crossed."""
        return [(one.hours, one.crossed) for one in self.observations]


def look_on(
    cadence: AdaptiveCadence,
    state: OrderState,
    looks: Sequence[tuple[int, int, Priority]],
    cadence_state: str = "",
) -> Looked:
    """Take looks at an order, each so many hours after NOW."""
    observations: list[Observation] = []
    for after, count, priority in looks:
        seen = a_count(count, cadence_state, priority)
        look = the_look(state, seen=seen, now=NOW + after * HOUR, cadence=cadence)
        cadence_state = look.cadence_state
        observations += look.observations
    return Looked(cadence_state, observations)


def test_the_first_look_observes_the_time_since_completion() -> None:
    looked = look_on(learner(), an_order_state(), [(0, 1990, Priority.MAX_INTERVAL)])
    assert looked.learned == [(240, False)]


@pytest.mark.parametrize("priority", [Priority.ROUTINE, Priority.MAX_INTERVAL])
def test_each_routine_look_observes_the_time_since_the_look_before(priority: Priority) -> None:
    looks = [(0, 1990, priority), (5, 1960, priority), (12, 1950, priority)]
    assert look_on(learner(), an_order_state(), looks).learned == [(240, False), (5, False), (7, True)]


def test_an_order_that_has_crossed_is_not_observed_until_it_is_whole_again() -> None:
    looks = [(0, 1990), (1, 1940), (5, 1900), (9, 2000), (20, 1990)]
    routine = [(after, count, Priority.ROUTINE) for after, count in looks]
    learned = look_on(learner(), an_order_state(), routine).learned
    assert learned == [(240, False), (1, True), (11, False)]


def test_an_urgent_look_has_no_observation_and_leaves_the_cadence_state() -> None:
    """Its interval depends on the count: learning from it would bias the hazards."""
    cadence = learner()
    routine = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)]).cadence_state
    looks = [(1, 1960, Priority.URGENT), (2, 1940, Priority.URGENT)]
    assert look_on(cadence, an_order_state(), looks, routine) == Looked(routine, [])


def test_after_an_urgent_look_the_next_routine_look_observes_all_the_time_since_the_last_one() -> None:
    looks = [(0, 1990, Priority.ROUTINE), (3, 1990, Priority.URGENT), (7, 1990, Priority.ROUTINE)]
    assert look_on(learner(), an_order_state(), looks).learned == [(240, False), (7, False)]


@pytest.mark.parametrize("outcome", FAILED)
def test_a_failed_look_has_no_observation_and_leaves_the_cadence_state(outcome: Outcome) -> None:
    cadence = learner()
    cadence_state = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)]).cadence_state
    seen = LookSummary(outcome, 1, cadence_state=cadence_state, priority=Priority.ROUTINE, source="simulated")
    look = the_look(an_order_state(), seen=seen, now=NOW + HOUR, cadence=cadence)
    assert (look.cadence_state, look.observations) == (cadence_state, ())


def test_units_in_flight_are_not_lost() -> None:
    """A drop whose refill is under way is no crossing."""
    refilled = an_order_state(refills=[a_refill(500)])
    assert look_on(learner(), refilled, [(0, 1500, Priority.ROUTINE)]).learned == [(240, False)]


def test_observations_name_the_source_that_was_read() -> None:
    (observation,) = look_on(learner(), an_order_state(), [(0, 1990, Priority.ROUTINE)]).observations
    assert observation.source == "simulated"


def test_looking_does_not_change_the_cadence() -> None:
    """It learns from observations, and only once the transaction of the look is committed."""
    cadence = learner()
    look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE), (5, 1900, Priority.ROUTINE)])
    assert cadence.hazards.unsaved() == {}


@pytest.mark.parametrize(("crossed", "higher"), [(True, True), (False, False)])
def test_observations_change_the_hazard_of_their_cell(crossed: bool, higher: bool) -> None:
    cadence, virtual_time = learner(), VirtualTime()
    looked = look_on(cadence, an_order_state(), [(0, 1990, Priority.ROUTINE)])
    cell = load(looked.cadence_state)[0].cell
    before = cumulative_hazard(cadence.hazards.hazard_for(cell), 30)
    observation = looked.observations[0]._replace(cell=cell, hours=10, crossed=crossed)
    for _ in range(3000):
        hours = cadence.observe(observation, virtual_time)
        cadence.hazards.learn(cell, hours, crossed=crossed)
    assert (cumulative_hazard(cadence.hazards.hazard_for(cell), 30) > before) is higher


def test_a_look_right_after_another_one_is_observed_with_the_next() -> None:
    """Another target of the request was due: the interval goes on, so that no rate comes from a minute."""
    cadence, state = learner(), an_order_state()
    first = look_on(cadence, state, [(0, 1990, Priority.MAX_INTERVAL)])
    seen = a_count(1985, first.cadence_state)
    soon = the_look(state, seen=seen, now=NOW + MINUTE, cadence=cadence)
    assert (soon.cadence_state, soon.observations) == (first.cadence_state, ())
    later = look_on(cadence, state, [(5, 1985, Priority.MAX_INTERVAL)], soon.cadence_state)
    assert later.learned == [(5, False)]


def test_a_drop_seen_right_after_another_look_is_observed_at_once() -> None:
    cadence, state = learner(), an_order_state()
    first = look_on(cadence, state, [(0, 1990, Priority.MAX_INTERVAL)])
    soon = the_look(state, seen=a_count(1900, first.cadence_state), now=NOW + MINUTE, cadence=cadence)
    assert [one.crossed for one in soon.observations] == [True]
