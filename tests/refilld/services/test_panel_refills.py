"""What becomes of a refill that a panel has asked for, with the real looks and rules."""

import pytest

from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from refilld.services import panel_refills
from tests.builders import DAY, HOUR, START
from tests.jobs.jobs_world import JobsWorld, an_order

LATER = START + 2 * DAY


@pytest.fixture
def asked(world: JobsWorld) -> JobsWorld:
    """The panel has asked for a refill of a whole order, an hour after the last look."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.now = LATER + HOUR
    with world.database.write() as tx:
        assert panel_refills.ask(tx, ["1"], world.now) == {"1": 1}
    return world


def status(world: JobsWorld) -> RefillState | None:
    with world.database.read() as tx:
        return panel_refills.statuses(tx, [1], world.now)[1]


def test_a_request_is_pending_until_a_drop_is_confirmed_and_completed_with_its_refill(
    asked: JobsWorld,
) -> None:
    states = [status(asked)]
    asked.look(Outcome.PRIVATE, LATER + 2 * HOUR)
    states.append(status(asked))
    asked.look(1500, LATER + 4 * HOUR)
    states.append(status(asked))
    asked.look(1500, LATER + 8 * HOUR)
    states.append(status(asked))
    assert states == [None, None, None, RefillState.QUEUED]
    asked.deliver()
    assert status(asked) is RefillState.COMPLETED


def test_a_request_is_rejected_when_a_look_finds_nothing_missing(asked: JobsWorld) -> None:
    """Also when a refill follows another request later."""
    asked.look(2000, LATER + 2 * HOUR)
    assert status(asked) is RefillState.REJECTED
    asked.lose(1500, LATER + DAY)
    assert len(asked.rows("refills")) == 1
    assert status(asked) is RefillState.REJECTED
