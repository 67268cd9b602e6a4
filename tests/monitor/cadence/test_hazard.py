"""The hazard of a drop, learned from looks."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.exposure_counts import exposure_by_span
from monitor.cadence.hazard import AGES, MARGINS, SLOPES, Cell, Hazards, cell_at
from monitor.cadence.piecewise_hazard import ENDS, cumulative_hazard
from monitor.cadence.prior import prior_hazard

CELLS = st.builds(
    Cell,
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, len(AGES)),
    st.integers(0, len(MARGINS)),
    st.integers(0, len(SLOPES)),
)
HAZARDS = st.tuples(*[st.floats(1e-12, 1e3)] * len(ENDS))
OBSERVATIONS = st.lists(st.tuples(CELLS, st.floats(0.01, 5000), st.booleans()), max_size=60)


def after_looks(hazards: Hazards, cell: Cell, rate: float, looks: int = 4000, every: float = 2.0) -> Hazards:
    """The hazards after many looks at orders that cross their threshold at this rate per hour."""
    dice = random.Random(1)
    for _ in range(looks):
        hazards.learn(cell, every, crossed=dice.random() < rate * every)
    return hazards


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6), st.one_of(st.none(), st.floats(-1e6, 1e6)))
def test_every_look_has_a_cell(hours: float, used: float, slope: float | None) -> None:
    """Any age, margin and slope falls into one of the buckets."""
    cell = cell_at("a", hours, used, slope)
    assert 0 <= cell.age <= len(AGES)
    assert 0 <= cell.margin <= len(MARGINS)
    assert 0 <= cell.slope <= len(SLOPES)
    assert all(hazard > 0 for hazard in Hazards({}).hazard_for(cell))


def test_an_empty_table_predicts_a_front_loaded_loss() -> None:
    """Without observations, young orders and those that have lost much have the higher hazard."""
    hazards = Hazards({})

    def within_a_day(hours: float, used: float) -> float:
        return cumulative_hazard(hazards.hazard_for(cell_at("a", hours, used, None)), 24)

    by_age = [within_a_day(hours, 0.6) for hours in (1, 8, 20, 40, 80, 150, 300, 450, 700)]
    assert by_age == sorted(by_age, reverse=True)
    by_loss = [within_a_day(100, used) for used in (-1, 0, 0.2, 0.4, 0.6, 0.8)]
    assert by_loss == sorted(by_loss)
    assert 0.2 < cumulative_hazard(prior_hazard(0, 0), 720) < 1


def test_a_cell_with_many_observations_has_their_rate() -> None:
    """After thousands of looks the hazard is that of the orders, not that of the prior."""
    cell = cell_at("a", 100, 0.6, None)
    assert after_looks(Hazards({}), cell, 0.05).hazard_for(cell)[0] == pytest.approx(0.05, rel=0.15)


def test_a_bad_service_does_not_make_another_one_bad() -> None:
    """A new service has a hazard between those of the known ones."""
    cell = cell_at("bad", 100, 0.6, None)
    hazards = after_looks(after_looks(Hazards({}), cell, 0.05), cell._replace(service="good"), 0.0005)
    bad, good, new = (hazards.hazard_for(cell._replace(service=name))[0] for name in ("bad", "good", "new"))
    assert good < new < bad
    assert good < 0.002


def test_a_cell_without_observations_has_the_hazard_of_its_parent() -> None:
    """A high hazard at one age raises the estimate for other ages of the same service and margin."""
    cell = cell_at("a", 100, 0.6, None)
    old = cell_at("a", 300, 0.6, None)
    assert after_looks(Hazards({}), cell, 0.05).hazard_for(old)[0] > 2 * Hazards({}).hazard_for(old)[0]


def test_one_observed_drop_changes_the_hazard_little() -> None:
    """Each of the six levels of the hierarchy changes by a factor of at most (c + 1) / c."""
    cell = cell_at("a", 100, 0.6, None)
    hazards = Hazards({})
    before = hazards.hazard_for(cell)
    hazards = Hazards({cell._replace(span=0): (1.0, 1.0)})
    assert all(
        then < after < (2.5 / 1.5) ** 6 * then
        for then, after in zip(before, hazards.hazard_for(cell), strict=True)
    )


@given(OBSERVATIONS)
def test_saved_and_loaded_statistics_are_the_learned_ones(
    observations: list[tuple[Cell, float, bool]],
) -> None:
    """A restarted daemon has the same statistics."""
    learned = Hazards({})
    for cell, hours, crossed in observations:
        learned.learn(cell, hours, crossed=crossed)
    unsaved = learned.unsaved()
    events = sum(events for events, _ in unsaved.values())
    assert events == pytest.approx(sum(crossed for _, _, crossed in observations))
    learned.mark_saved(unsaved)
    assert learned.unsaved() == {}
    again = Hazards(unsaved)
    for cell, _, _ in observations:
        fresh = Hazards(unsaved).hazard_for(cell)
        assert again.hazard_for(cell) == pytest.approx(fresh)
        assert all(hazard > 0 for hazard in fresh)


@given(HAZARDS, st.floats(0.01, 5000))
def test_an_interval_without_a_crossing_is_exposure_in_full(hazard: tuple[float, ...], hours: float) -> None:
    """It has no event."""
    observation = list(exposure_by_span(hazard, hours, crossed=False))
    assert sum(exposure for _, _, exposure in observation) == pytest.approx(hours)
    assert not any(events for _, events, _ in observation)


@given(HAZARDS, st.floats(0.01, 5000))
def test_an_interval_with_a_crossing_is_exposure_in_part(hazard: tuple[float, ...], hours: float) -> None:
    """It is one event at an unknown time within the interval."""
    observation = list(exposure_by_span(hazard, hours, crossed=True))
    assert 0 <= sum(exposure for _, _, exposure in observation) <= hours * (1 + 1e-9)
    if cumulative_hazard(hazard, hours) > 1e-9:
        assert sum(events for _, events, _ in observation) == pytest.approx(1)


def test_a_crossing_at_a_low_hazard_is_expected_half_way() -> None:
    """The limit of 1/h - t/(e^(h t) - 1)."""
    hazard = (1e-7,) * len(ENDS)
    assert sum(hours for _, _, hours in exposure_by_span(hazard, 50.0, crossed=True)) == pytest.approx(
        25, rel=1e-3
    )


def test_the_age_buckets_grow() -> None:
    """Most losses happen early, so early buckets are narrow."""
    widths = [end - begin for begin, end in pairwise((0.0, *AGES))]
    assert widths[0] < widths[-1]


def test_the_exposure_of_a_surge_does_not_raise_the_usual_hazard() -> None:
    """Five times the drops in hours that count five times leave the hazard where it was."""
    cell = cell_at("a", 100, 0.6, None)
    hazards = after_looks(Hazards({}), cell, 0.01)
    before = hazards.hazard_for(cell)[0]
    dice = random.Random(2)
    for _ in range(2000):
        hazards.learn(cell, 2.0 * 5, crossed=dice.random() < 0.01 * 5 * 2)
    assert hazards.hazard_for(cell)[0] == pytest.approx(before, rel=0.3)
