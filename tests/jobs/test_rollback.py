"""A transaction that is rolled back leaves no trace, also in what the process has learned."""

from collections.abc import Callable
from datetime import datetime

import pytest

from jobs.adaptive_selection import AdaptiveSelection
from jobs.look_recording import record_looks
from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Cell, Hazards
from monitor.cadence.schedule import Observation
from monitor.model.snapshot import Outcome, Snapshot
from storage import cadence_stats
from storage.engine import Transaction
from tests.builders import DAY, HOUR
from tests.jobs.jobs_world import JobsWorld, an_order

SOURCE = "scripted"
CELL = Cell("1", 1, 1, 0)


class PowerCutError(Exception):
    """Ends a transaction before its commit."""


def selection_of(world: JobsWorld) -> AdaptiveSelection:
    """Give the world the adaptive cadence; return its selection, which has loaded the statistics."""
    cadence = AdaptiveCadence(6 * HOUR, Hazards({}))
    selection = world.selection = AdaptiveSelection(cadence)
    world.policy = type(world.policy)(cadence, world.policy.mass_drops, None)
    with world.database.write() as tx:
        selection.persist(tx, world.now)
    return selection


def rolled_back(world: JobsWorld, work: Callable[[Transaction], object]) -> None:
    """Do some work in a transaction that ends without a commit."""
    with pytest.raises(PowerCutError):
        _fail_after(world, work)


def _fail_after(world: JobsWorld, work: Callable[[Transaction], object]) -> None:
    with world.database.write() as tx:
        work(tx)
        raise PowerCutError


def an_observation(at: datetime) -> Observation:
    return Observation(SOURCE, CELL, 24.0, crossed=True, at=at)


def learned(selection: AdaptiveSelection) -> dict[Cell, tuple[float, float]]:
    return selection.cadence.hazards.unsaved()


def test_a_look_that_is_rolled_back_adds_no_observation(world: JobsWorld) -> None:
    """Neither hazards nor the queue of observations change, and the same look can be recorded again."""
    selection = selection_of(world)
    world.sell(an_order("1"))
    world.now += 3 * DAY
    target = world.target()
    taken = {
        target.target_id: Snapshot(target.target, world.now, Outcome.COUNT, SOURCE, 2000, "follower_count")
    }
    rolled_back(world, lambda tx: record_looks(tx, taken, world.policy))
    assert world.rows("snapshots") == []
    with world.database.write() as tx:
        selection.learn(tx, [SOURCE])
    assert learned(selection) == {}
    with world.database.write() as tx:
        (recorded,) = record_looks(tx, taken, world.policy)
    assert len(recorded.observations) == 1


def test_observations_learned_in_a_transaction_that_is_rolled_back_are_learned_once(world: JobsWorld) -> None:
    """They stay queued, and hazards and virtual time are as they were."""
    selection = selection_of(world)
    selection.observe([an_observation(world.now)])
    with world.database.read() as tx:
        before = cadence_stats.virtual_time(tx, SOURCE)
    rolled_back(world, lambda tx: selection.learn(tx, [SOURCE]))
    assert learned(selection) == {}
    with world.database.read() as tx:
        assert cadence_stats.virtual_time(tx, SOURCE) == before
    for _ in range(2):
        with world.database.write() as tx:
            selection.learn(tx, [SOURCE])
    assert sum(events for events, _ in learned(selection).values()) == pytest.approx(1)


def test_statistics_whose_transaction_is_rolled_back_are_saved_by_the_next_one(world: JobsWorld) -> None:
    """Nothing is taken as saved before the commit, and nothing is saved twice."""
    selection = selection_of(world)
    selection.observe([an_observation(world.now)])
    with world.database.write() as tx:
        selection.learn(tx, [SOURCE])
    unsaved = learned(selection)
    rolled_back(world, selection.save)
    assert learned(selection) == unsaved
    for _ in range(2):
        with world.database.write() as tx:
            selection.save(tx)
    with world.database.read() as tx:
        assert cadence_stats.load(tx) == unsaved


def test_statistics_loaded_in_a_transaction_that_is_rolled_back_are_not_taken_over(world: JobsWorld) -> None:
    """What the process has learned meanwhile is kept."""
    selection = selection_of(world)
    selection.observe([an_observation(world.now)])
    with world.database.write() as tx:
        selection.learn(tx, [SOURCE])
    hazards = selection.cadence.hazards
    rolled_back(world, lambda tx: selection.persist(tx, world.now + 2 * DAY))
    assert selection.cadence.hazards is hazards
    assert learned(selection) != {}
