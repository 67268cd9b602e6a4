"""A private profile, through the real jobs: its orders wait, whatever else befalls them meanwhile."""

import pytest

from monitor.model.snapshot import Outcome
from tests.jobs.jobs_world import DAY, HOUR, START, JobsWorld, ScriptedSource, an_eye, an_order

LATER = START + 2 * DAY


@pytest.mark.parametrize("outcome", [Outcome.PRIVATE, Outcome.TRANSIENT, Outcome.SCHEMA])
def test_until_a_number_is_read_a_private_profile_is_called_private(
    world: JobsWorld, outcome: Outcome
) -> None:
    """RULES 1: what fails in between does not make it public, so its refill is still not on its way."""
    world.sell(an_order())
    world.lose(1500)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    world.now += HOUR
    checking = world.checking(an_eye(ScriptedSource(lambda _name, _now: outcome)))
    assert checking.check("1")[0].word == "profile_private"
    assert world.claim() == []
    world.look(1500, world.now + HOUR)
    assert [row.quantity for row in world.claim()] == [500]


def test_a_refill_that_waits_for_a_public_profile_outlives_the_window(world: JobsWorld) -> None:
    """RULES 1: it was owed inside the window, and is delivered when the profile can be seen again."""
    world.sell(an_order(terms={"window": 3 * DAY}))
    world.lose(1500)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    public_at = START + 6 * DAY
    source = ScriptedSource(lambda _name, now: Outcome.PRIVATE if now < public_at else 1500)
    sampling = world.sampling(an_eye(source))
    while world.now < public_at:
        assert world.claim() == []
        world.now += HOUR
        sampling.run_once()
    world.now += DAY
    sampling.run_once()
    assert [row.quantity for row in world.claim()] == [500]


def test_a_private_look_opens_confirms_and_measures_nothing(world: JobsWorld) -> None:
    """RULES 1: suspended is suspended, in every state that an order can be in."""
    world.sell(an_order("1"), an_order("2", start_count=None))
    world.look(1500, LATER)
    before = {table: world.rows(table) for table in ("orders", "drops", "decisions", "refills")}
    for hours in range(1, 60, 6):
        world.look(Outcome.PRIVATE, LATER + hours * HOUR)
    assert {table: world.rows(table) for table in before} == before


def test_a_later_order_on_a_profile_that_was_private_all_the_time_is_told_of(world: JobsWorld) -> None:
    """It became private when nobody was covered, so nobody was told then."""
    world.sell(an_order(terms={"window": 3 * DAY}))
    world.lose(1500)  # queued, and open when the window ends
    world.look(Outcome.PRIVATE, START + 4 * DAY)
    assert alerts_about_private(world) == 0
    world.sell(an_order("2", completed_at=world.now, start_count=1500))
    world.look(Outcome.PRIVATE, world.now + HOUR)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    assert alerts_about_private(world) == 1


def alerts_about_private(world: JobsWorld) -> int:
    return world.rows("outbox", "kind").count("target.private")


def test_a_target_that_is_absent_first_and_unreadable_then_is_told_of(world: JobsWorld) -> None:
    """The alert that it is gone never came, so that of a target that cannot be read must."""
    world.sell(an_order(), an_order("2", "nasa"))
    for hours in range(3):
        world.look(2000, LATER + hours * HOUR, profile="nasa")
        world.look(Outcome.NOT_FOUND, LATER + hours * HOUR)
    for hours in range(3, 9):
        world.look(Outcome.SCHEMA, LATER + hours * HOUR)
    assert [str(kind) for kind in world.rows("outbox", "kind")] == ["target.refused"]
