"""The learned cadence in a simulation: effects that only a whole run shows."""

from datetime import timedelta

import pytest

from monitor.cadence.virtual_time import INITIAL_PRICE
from monitor.sources.reader_adapter import ReaderAdapter
from refilld.settings.settings import Settings
from refilld.settings.sources import SourceSection
from refilld.simulate.run import Simulation, SimulationPlan, fresh_database
from refilld.simulate.world import SimulatedWorld
from storage import cadence_stats
from tests.refilld.simulate.simulate_world import BEGIN, StepWorld, order_row


def test_first_looks_do_not_change_the_shadow_price() -> None:
    """Their value is unknown; 0 would make every final look worthwhile."""
    orders = [order_row(str(number), f"profile{number}") for number in range(4)]
    slow = SourceSection(requests_per_hour=1, spacing=timedelta(hours=9), jitter=0, reserve=0)
    world = SimulatedWorld.of(ReaderAdapter("steps", StepWorld(orders)))
    with fresh_database() as database:
        happened = Simulation(SimulationPlan(BEGIN, 1, slow), world, Settings(), database).run(
            lambda _now: None
        )
        with database.read() as connection:
            clock = cadence_stats.virtual_time(connection, "steps")
    assert [len(looks) for looks in happened.meter.looks.values()] == [1, 1, 1]
    assert clock.price == pytest.approx(INITIAL_PRICE)
