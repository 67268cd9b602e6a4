"""Recording a look: the snapshot and everything that follows from it, in one transaction."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from jobs.look_recording import record_looks
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from tests.builders import DAY, HOUR, INSTANT, START, a_profile
from tests.jobs.jobs_world import JobsWorld, a_look, an_order, drops_of, refills_of

LATER = START + 2 * DAY
"""Two days after completion: the standard order has settled."""


# Flags and updates


def test_a_flag_closes_the_drop_and_lifting_it_starts_a_new_one(world: JobsWorld) -> None:
    """Looks before the flag do not confirm a drop after it."""
    world.sell(an_order())
    world.look(1500, LATER)
    world.flag("1", Flag.HOLD)
    world.look(1500, LATER + 2 * HOUR)
    assert world.target().schedule.next_due_at is None
    world.now = LATER + 3 * HOUR
    world.unflag("1", Flag.HOLD)
    assert world.target().schedule.next_due_at == world.now
    world.look(1500, LATER + 3 * HOUR)
    assert drops_of(world) == [("1", DropState.CLOSED, 1), ("1", DropState.SUSPECTED, 1)]
    assert refills_of(world) == []


def test_a_delivery_corrected_during_a_suspicion_causes_no_burst_of_looks(world: JobsWorld) -> None:
    """The order settles again; until then no look can confirm the drop, so none is due."""
    world.sell(an_order())
    world.look(1500, LATER)
    world.sell(an_order(completed_at=LATER + HOUR))
    world.look(1500, LATER + HOUR)
    world.look(1500, LATER + 3 * HOUR)
    assert world.target().schedule.next_due_at == LATER + 4 * HOUR
    assert drops_of(world) == [("1", DropState.SUSPECTED, 1)]


def test_a_refunded_order_is_no_longer_judged(world: JobsWorld) -> None:
    """Its queued refill is cancelled, and no look is due."""
    world.sell(an_order())
    world.lose()
    world.sell(an_order(status=OrderStatus.REFUNDED, completed_at=None))
    assert refills_of(world) == [("1", 500, RefillState.CANCELLED)]
    world.look(1200, LATER + DAY)
    assert len(drops_of(world)) == 1
    assert world.target().schedule.next_due_at is None


# Clocks


@pytest.mark.parametrize("back", [timedelta(0), INSTANT, HOUR, 400 * DAY])
def test_after_a_clock_step_back_looks_keep_their_order(world: JobsWorld, back: timedelta) -> None:
    """A look with an earlier time is stored one instant after the look before it."""
    world.sell(an_order())
    world.look(1500, LATER)
    kept = world.look(1400, LATER - back).snapshot
    assert kept.at == LATER + INSTANT
    assert world.rows("snapshots", "at", "count") == [(LATER, 1500), (LATER + INSTANT, 1400)]
    assert world.target().series.last_count == 1400


# One transaction


@pytest.mark.parametrize(
    "table", ["snapshots", "drops", "decisions", "refills", "refill_events", "events", "targets"]
)
def test_a_look_and_what_follows_from_it_are_written_together_or_not_at_all(
    world: JobsWorld, table: str
) -> None:
    """A failure of any write rolls back all; the next look then succeeds."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    for action in ("INSERT", "UPDATE"):
        break_table(world, table, action)
    with pytest.raises(IntegrityError, match="the disk is full"):
        world.look(1500, LATER + 2 * HOUR)
    assert world.everything() == before
    for action in ("INSERT", "UPDATE"):
        mend_table(world, action)
    world.look(1500, LATER + 2 * HOUR)
    assert refills_of(world) == [("1", 500, RefillState.QUEUED)]


def break_table(world: JobsWorld, table: str, action: str) -> None:
    with world.database.write() as tx:
        tx.exec_driver_sql(
            f"CREATE TRIGGER broken_{action} BEFORE {action} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )


def mend_table(world: JobsWorld, action: str) -> None:
    with world.database.write() as tx:
        tx.exec_driver_sql(f"DROP TRIGGER broken_{action}")


def test_an_error_after_the_last_write_leaves_nothing_behind(world: JobsWorld) -> None:
    """All rows were written, but the transaction is rolled back."""
    world.sell(an_order())
    world.look(1500, LATER)
    before = world.everything()
    snapshot = a_look(1500, LATER + 2 * HOUR, a_profile())

    def record_twice() -> None:
        with world.database.write() as tx:
            assert record_looks(tx, {1: snapshot}, world.policy)[0].decisions
            tx.exec_driver_sql("INSERT INTO snapshots SELECT * FROM snapshots")

    with pytest.raises(IntegrityError):
        record_twice()
    assert world.everything() == before


def test_times_in_different_zones_form_one_series(world: JobsWorld) -> None:
    """A time with another offset is compared as the same instant."""
    world.sell(an_order())
    world.look(2000, LATER)
    world.look(1999, datetime.fromisoformat("2026-03-03T15:00:00+02:00"))
    assert world.rows("snapshots", "at") == [LATER, LATER + HOUR]
