"""Looks without a usable count: failures, and counts that do not belong to the series."""

import pytest

from monitor.model.drop import DropState
from monitor.model.order import Flag
from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, MINUTE, START
from tests.jobs.jobs_world import JobsWorld, alerts_of, an_order, drops_of

LATER = START + 2 * DAY
"""Two days after completion: the standard order has settled."""


# Failed looks


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.COUNT])
def test_a_failed_look_changes_nothing_but_the_snapshot_and_the_schedule(
    world: JobsWorld, outcome: Outcome
) -> None:
    """No kind of failure changes an open drop."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    world.look(outcome, LATER + HOUR)
    after = world.everything()
    changed = {table for table in before if before[table] != after[table]} - {"events"}
    assert changed == {"snapshots", "targets"}
    target = world.target()
    assert target.schedule.next_due_at is not None
    assert target.schedule.next_due_at > world.now
    assert (target.series.last_count, target.last_count_at) == (1500, LATER)
    assert after["snapshots"][-1][1:4] == (LATER + HOUR, outcome, None)


def test_consecutive_failures_are_counted_and_reset_by_the_next_count(world: JobsWorld) -> None:
    """A refusal of the whole source in between is not counted."""
    world.sell(an_order())
    counted = []
    answers: list[int | Outcome] = [Outcome.TRANSIENT, Outcome.BLOCKED, Outcome.SCHEMA, 2000]
    for hours, answer in enumerate(answers):
        world.look(answer, LATER + hours * HOUR)
        counted.append(world.target().failures)
    assert counted == [1, 1, 2, 0]


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.TRANSIENT, Outcome.HIDDEN])
def test_a_target_that_cannot_be_read_is_alerted_once_after_three_looks(
    world: JobsWorld, outcome: Outcome
) -> None:
    """A successful read in between allows a second alert."""
    world.sell(an_order())
    for hours in range(6):
        world.look(outcome, LATER + hours * HOUR)
    link = "https://www.instagram.com/natgeo/"
    text = f"followers of {link} could not be read 3 times in a row ({outcome}: scripted {outcome})"
    assert world.alerts("kind", "text", "link") == [("target.refused", text, link)]
    world.look(2000, LATER + 7 * HOUR)
    for hours in range(8, 12):
        world.look(outcome, LATER + hours * HOUR)
    assert alerts_of(world) == ["target.refused", "target.ready", "target.refused"]


def test_a_target_without_covered_orders_raises_no_alert(world: JobsWorld) -> None:
    """A flagged order is not covered."""
    world.sell(an_order())
    world.flag("1", Flag.DISPUTE)
    for hours in range(5):
        world.look(Outcome.PRIVATE if hours == 4 else Outcome.NOT_FOUND, LATER + hours * HOUR)
    assert alerts_of(world) == []


# Counts that do not belong to the series


def test_a_fall_to_0_is_stored_as_a_fault_and_judged_only_when_seen_twice(world: JobsWorld) -> None:
    """The second look follows after ten minutes; the second 0 is a count and opens the drop."""
    world.sell(an_order())
    world.look(2000, LATER)
    kept = world.look(0, LATER + 6 * HOUR).snapshot
    assert (kept.outcome, kept.count, kept.detail) == (Outcome.SCHEMA, None, "the count fell from 2000 to 0")
    assert drops_of(world) == []
    assert world.target().schedule.next_due_at == LATER + 6 * HOUR + 10 * MINUTE
    world.look(0, LATER + 6 * HOUR + 10 * MINUTE)
    assert drops_of(world) == [("1", DropState.SUSPECTED, 1)]


def test_a_single_0_between_two_counts_leaves_no_trace_in_the_drops(world: JobsWorld) -> None:
    """No drop opens and no alert is raised."""
    world.sell(an_order())
    answers: list[int | Outcome] = [2000, 0, 2000, 0, Outcome.TRANSIENT, 1990]
    for hours, answer in enumerate(answers):
        world.look(answer, LATER + hours * HOUR)
    assert (drops_of(world), alerts_of(world)) == ([], [])


def test_a_count_of_another_kind_is_not_judged(world: JobsWorld) -> None:
    """A series holds one count_kind only."""
    world.sell(an_order())
    world.look(2000, LATER)
    kept = world.look(100, LATER + HOUR, count_kind="play_count").snapshot
    assert (kept.outcome, kept.count) == (Outcome.SCHEMA, None)
    assert drops_of(world) == []
    assert world.target().series.last_count == 2000
