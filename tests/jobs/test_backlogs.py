"""Backlogs: old drops are held, told in one summary, and are no mass drop (RULES 10)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from jobs.backlog_summaries import LONGEST_WAIT, BacklogSummaries
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.decision import Reason
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from storage import backlogs, held_refills, orders
from tests.builders import DAY, HOUR, START, a_pending_order
from tests.jobs.jobs_world import JobsWorld, alerts_of, an_order, decisions_of, drops_of, refills_of
from tests.jobs.test_daily_caps import NAMES, lose

IMPORTED = START + 2 * DAY
SEEN = IMPORTED + HOUR


def import_backlog(world: JobsWorld, *sold: Order, at: datetime = IMPORTED, finish: bool = True) -> int:
    world.now = at
    with world.database.write() as tx:
        backlog_id = backlogs.begin(tx, at)
        orders.import_batch(tx, sold, at, backlog_id)
        if finish:
            backlogs.finish(tx, backlog_id, at)
    return backlog_id


def summaries(world: JobsWorld, at: datetime | None = None) -> list[str]:
    """Run the job, and give the summaries."""
    world.now = at or world.now
    BacklogSummaries(world.database, world.clock).run_once()
    return [text for text in world.alerts("text") if text.startswith("backlog:")]


@pytest.fixture
def backlog(world: JobsWorld) -> JobsWorld:
    """Three orders of a backlog; two of them had lost 500 before the first look, the third is whole."""
    world.policy = replace(world.policy, mass_drops=MassDropRule(min_targets=2, share=1))
    import_backlog(world, *(an_order(name, name, price=Decimal(3), currency="USD") for name in NAMES))
    world.look(2000, SEEN, profile="three")
    lose(world, *NAMES[:2], at=SEEN)
    return world


def test_an_old_drop_is_held_and_makes_no_alert_of_its_own(backlog: JobsWorld) -> None:
    """Nor does its refund review, nor a mass drop: two of three targets have not fallen just now."""
    assert decisions_of(backlog) == [(name, "hold", "backlog", 500) for name in NAMES[:2]]
    assert refills_of(backlog) == [(name, 500, RefillState.HELD) for name in NAMES[:2]]
    assert backlog.alerts("kind") == []
    assert backlog.rows("reviews", "order_id") == ["one", "two"]
    assert backlog.rows("mass_drops") == []


def test_one_summary_tells_of_all_old_drops(backlog: JobsWorld) -> None:
    (text,) = summaries(backlog)
    assert text == (
        "backlog: 3 of 3 imported orders judged, 2 with a drop that existed already; 2 refills held (1,000 "
        "units, 3.00 USD), 2 refund reviews opened; refilld backlog show lists them, refilld backlog release "
        "or discard decides on all of them"
    )
    assert summaries(backlog) == [text]


def test_a_drop_after_the_first_look_is_an_ordinary_one(backlog: JobsWorld) -> None:
    backlog.policy = replace(backlog.policy, mass_drops=MassDropRule(enabled=False))
    lose(backlog, "three", at=SEEN + DAY)
    assert refills_of(backlog)[-1] == ("three", 500, RefillState.QUEUED)
    assert alerts_of(backlog) == ["drop.confirmed"]


def test_an_order_outside_of_the_backlog_is_judged_as_usual(world: JobsWorld) -> None:
    world.sell(an_order("one", "one"))
    import_backlog(world, an_order("two", "two"))
    lose(world, "one", "two", at=SEEN)
    assert [state for *_, state in refills_of(world)] == [RefillState.QUEUED, RefillState.HELD]


def test_an_order_that_was_imported_before_its_first_look_joins_the_backlog(world: JobsWorld) -> None:
    """One that was judged already does not."""
    world.sell(an_order("one", "one"), an_order("two", "two"))
    world.look(2000, IMPORTED - HOUR, profile="one")
    import_backlog(world, an_order("one", "one"), an_order("two", "two"))
    assert world.rows("orders", "backlog") == [False, True]


@pytest.mark.parametrize(
    "order",
    [
        an_order("1", terms={"window": DAY}),
        a_pending_order("1"),
        an_order("1", remains=1000),
    ],
)
def test_an_order_without_a_running_guarantee_is_in_no_backlog(world: JobsWorld, order: Order) -> None:
    """And a backlog without orders has no summary."""
    import_backlog(world, order)
    assert world.rows("orders", "backlog") == [False]
    assert summaries(world, IMPORTED + LONGEST_WAIT) == []


def test_the_summary_waits_for_first_looks_and_suspected_drops(world: JobsWorld) -> None:
    import_backlog(world, *(an_order(name, name) for name in NAMES[:2]))
    world.look(1500, SEEN, profile="one")
    assert summaries(world) == []  # the second order was not looked at
    world.look(2000, SEEN, profile="two")
    assert summaries(world) == []  # the drop of the first one is not confirmed
    world.look(1500, SEEN + 2 * HOUR, profile="one")
    assert len(summaries(world)) == 1


def test_the_summary_waits_three_days_at_most(world: JobsWorld) -> None:
    """One profile is private; the import was interrupted."""
    import_backlog(world, *(an_order(name, name) for name in NAMES[:2]), finish=False)
    world.look(Outcome.PRIVATE, SEEN, profile="one")
    lose(world, "two", at=SEEN)
    assert summaries(world, IMPORTED + LONGEST_WAIT - HOUR.resolution) == []
    (text,) = summaries(world, IMPORTED + LONGEST_WAIT)
    assert text.startswith("backlog: 1 of 2 imported orders judged, 1 with a drop that existed already;")


def test_an_old_drop_that_is_seen_after_the_summary_is_held_and_told(world: JobsWorld) -> None:
    """The profile was private for a week."""
    import_backlog(world, an_order("one", "one"))
    summaries(world, IMPORTED + LONGEST_WAIT)
    lose(world, "one", at=IMPORTED + 7 * DAY)
    assert decisions_of(world) == [("one", "hold", "backlog", 500)]
    assert [str(kind) for kind in world.alerts("kind")] == [
        "backlog.judged", "review.opened", "drop.held",
    ]  # fmt: skip


def test_a_recovered_old_drop_is_closed_without_a_decision(world: JobsWorld) -> None:
    import_backlog(world, an_order("one", "one"))
    world.look(1500, SEEN, profile="one")
    world.look(2000, SEEN + 2 * HOUR, profile="one")
    assert drops_of(world) == [("one", "recovered", 1)]
    (text,) = summaries(world)
    assert text.endswith("1 with a drop that existed already; 0 refills held, 1 refund review opened")


def test_a_new_delivery_is_not_part_of_the_backlog(world: JobsWorld) -> None:
    """The panel has corrected the time of completion before the first look."""
    import_backlog(world, an_order("one", "one"))
    world.sell(an_order("one", "one", completed_at=START + DAY))
    assert world.rows("orders", "backlog", "backlog_id") == [(False, None)]


def test_what_is_held_from_a_backlog_is_released_together(backlog: JobsWorld) -> None:
    with backlog.database.write() as tx:
        for refill_id in held_refills.held_for(tx, Reason.BACKLOG):
            held_refills.release(tx, refill_id, Reason.BACKLOG, backlog.now)
    assert {state for *_, state in refills_of(backlog)} == {RefillState.QUEUED}
