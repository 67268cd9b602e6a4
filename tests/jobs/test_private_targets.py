"""Private profiles through the jobs: their orders are suspended until a count is read."""

from datetime import timedelta

import pytest

from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, START
from tests.jobs.jobs_world import JobsWorld, ScriptedSource, a_configured_source, alerts_of, an_order

LATER = START + 2 * DAY


@pytest.mark.parametrize("outcome", [Outcome.PRIVATE, Outcome.TRANSIENT, Outcome.SCHEMA])
def test_a_profile_stays_private_until_a_count_is_read(world: JobsWorld, outcome: Outcome) -> None:
    """RULES 1: another failure does not make it public, so its refill cannot be claimed."""
    world.sell(an_order())
    world.lose(1500)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    world.now += HOUR
    checking = world.checking(a_configured_source(ScriptedSource(lambda _name, _now: outcome)))
    assert checking.check("1")[0].word == "profile_private"
    assert world.claim() == []
    world.look(1500, world.now + HOUR)
    assert [row.quantity for row in world.claim()] == [500]


def test_a_refill_that_waits_for_a_public_profile_outlives_the_window(world: JobsWorld) -> None:
    """RULES 1: it was owed inside the window, and can be claimed when the profile is public again."""
    world.sell(an_order(terms={"window": 3 * DAY}))
    world.lose(1500)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    public_at = START + 6 * DAY
    source = ScriptedSource(lambda _name, now: Outcome.PRIVATE if now < public_at else 1500)
    sampling = world.sampling(a_configured_source(source))
    while world.now < public_at:
        assert world.claim() == []
        world.now += HOUR
        sampling.run_once()
    world.now += DAY
    sampling.run_once()
    assert [row.quantity for row in world.claim()] == [500]


def test_a_look_at_a_private_profile_changes_no_order_drop_decision_or_refill(world: JobsWorld) -> None:
    """RULES 1: a suspended order keeps its state."""
    world.sell(an_order("1"), an_order("2", start_count=None))
    world.look(1500, LATER)
    before = {table: world.rows(table) for table in ("orders", "drops", "decisions", "refills")}
    for hours in range(1, 60, 6):
        world.look(Outcome.PRIVATE, LATER + hours * HOUR)
    assert {table: world.rows(table) for table in before} == before


def test_the_event_names_the_source_that_saw_it(world: JobsWorld) -> None:
    """So that a blocked source can keep it back."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.look(Outcome.PRIVATE, LATER + HOUR)
    assert ("target.private", "scripted") in world.rows("events", "kind", "source")


def test_a_later_order_on_a_profile_private_throughout_raises_an_alert(world: JobsWorld) -> None:
    """It became private while no order was covered, so no alert was raised then."""
    world.sell(an_order(terms={"window": 3 * DAY}))
    world.lose(1500)  # queued, and open when the window ends
    world.look(Outcome.PRIVATE, START + 4 * DAY)
    assert alerts_about_private(world) == 0
    world.sell(an_order("2", completed_at=world.now, start_count=1500))
    world.look(Outcome.PRIVATE, world.now + HOUR)
    world.look(Outcome.PRIVATE, world.now + HOUR)
    assert alerts_about_private(world) == 1


def alerts_about_private(world: JobsWorld) -> int:
    return world.alerts("kind").count("target.private")


def test_a_target_first_absent_and_then_unreadable_raises_an_alert(world: JobsWorld) -> None:
    """No `target.gone` was raised, so `target.refused` must be."""
    world.sell(an_order(), an_order("2", "nasa"))
    for hours in range(3):
        world.look(2000, LATER + hours * HOUR, profile="nasa")
        world.look(Outcome.NOT_FOUND, LATER + hours * HOUR)
    for hours in range(3, 9):
        world.look(Outcome.SCHEMA, LATER + hours * HOUR)
    assert [str(kind) for kind in world.alerts("kind")] == ["target.refused"]


# Private profiles


def test_a_private_profile_suspends_its_orders_and_is_alerted_once(world: JobsWorld) -> None:
    """The alert quotes the answer for the customer; other failures in between do not repeat it."""
    world.sell(an_order("1"), an_order("2", completed_at=START + DAY, start_count=2000))
    for hours, outcome in enumerate([Outcome.PRIVATE, Outcome.TRANSIENT, Outcome.PRIVATE, Outcome.PRIVATE]):
        world.look(outcome, LATER + hours * HOUR)
    (text,) = world.alerts("text")
    expected = "https://www.instagram.com/natgeo/ is private; 2 order(s) suspended. To the customer: "
    assert text.startswith(f'{expected}"Your profile is set to private.')
    assert world.target().private_since == LATER


def test_nothing_is_claimed_confirmed_or_refilled_while_the_profile_is_private(world: JobsWorld) -> None:
    """The queued refill cannot be claimed until the first count after it."""
    world.sell(an_order(terms={"cooldown": timedelta(0)}))
    world.lose(1500)
    for days in range(1, 5):
        world.look(Outcome.PRIVATE, LATER + days * DAY)
        assert world.claim() == []
    world.look(1500, LATER + 5 * DAY)
    assert world.target().private_since is None
    assert [row.quantity for row in world.claim()] == [500]


def test_a_profile_that_becomes_private_again_is_alerted_again(world: JobsWorld) -> None:
    """One alert for each change from public to private."""
    world.sell(an_order())
    answers: list[int | Outcome] = [Outcome.PRIVATE, 2000, Outcome.PRIVATE, Outcome.PRIVATE, 2000]
    for hours, answer in enumerate(answers):
        world.look(answer, LATER + hours * HOUR)
    assert alerts_of(world) == ["target.private", "target.ready"] * 2
    assert world.alerts("text")[1] == (
        "https://www.instagram.com/natgeo/ is public again; 1 order(s) are checked again for followers"
    )


def test_a_new_order_on_a_profile_already_private_raises_an_alert_too(world: JobsWorld) -> None:
    """Regression: the profile was already private when the old guarantee ended, so no alert was raised."""
    world.sell(an_order("old"))
    world.look(Outcome.PRIVATE, START + 29 * DAY)
    world.look(Outcome.PRIVATE, START + 30 * DAY)
    world.now = START + 100 * DAY
    world.sell(an_order("new", completed_at=START + 99 * DAY))
    world.look(Outcome.PRIVATE, START + 100 * DAY)
    assert alerts_of(world) == ["target.private", "target.private"]


# One transaction


def test_a_refill_queued_at_the_last_look_waits_for_a_public_profile(world: JobsWorld) -> None:
    """The target stays scheduled while the refill is open, even after the guarantee."""
    world.sell(an_order(terms={"window": 5 * DAY}))
    last = START + 5 * DAY - HOUR
    world.look(2000, START + DAY)
    world.look(1500, last)
    world.look(1500, last + 2 * HOUR)
    due = world.target().schedule.next_due_at
    assert due is not None
    world.look(Outcome.PRIVATE, due)
    assert world.claim() == []
