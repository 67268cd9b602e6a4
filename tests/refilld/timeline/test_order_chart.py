"""The chart of an order, from what is stored about it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.guarantee.mass_drop import MassDropCounts
from monitor.model.order import Flag
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from refilld.charts.levels import Levels
from refilld.charts.order_chart import BandKind, ChartBand, LevelStep, MarkKind, OrderChart
from refilld.timeline.event import TimelineLook
from refilld.timeline.load import load
from refilld.timeline.order_chart import order_chart
from storage import flags, mass_drops, orders
from tests.builders import DAY, HOUR, a_pending_order, an_order
from tests.refilld.queue_world import NOW, QueueWorld, queue_world

COMPLETED = NOW - 5 * DAY
SOLD = an_order("17", "profile.17", completed_at=COMPLETED, window=30 * DAY, settle=DAY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[QueueWorld]:
    with queue_world(tmp_path) as world:
        yield world


def sell(world: QueueWorld, **changes: Any) -> None:
    with world.database.write() as tx:
        orders.import_batch(tx, [replace(SOLD, **changes)], world.now)


def chart(world: QueueWorld, looks: Sequence[TimelineLook] = (), **changes: Any) -> OrderChart:
    with world.database.read() as tx:
        timeline = load(tx, "17", world.now)
    return order_chart(replace(timeline, looks=tuple(looks), **changes))


def counted(at: datetime, count: int, offset: int = 0) -> TimelineLook:
    return TimelineLook(at, Outcome.COUNT, count, count_offset=offset)


def bands(found: OrderChart, *kinds: BandKind) -> list[ChartBand]:
    return [band for band in found.bands if band.kind in kinds]


def test_the_chart_reaches_from_the_delivery_until_now(world: QueueWorld) -> None:
    """With what was sold, to whom it is shown without unknown numbers."""
    sell(world)
    found = chart(world)
    assert (found.start, found.end) == (COMPLETED, NOW)
    assert found.title == "Order 17: followers of https://www.instagram.com/profile.17/"
    assert (found.unit, found.delivered, found.owed) == ("followers", 1000, None)


def test_counts_are_those_that_were_judged_and_failed_looks_are_gaps(world: QueueWorld) -> None:
    """A count of a second source has its offset."""
    sell(world)
    looks = [
        counted(COMPLETED, 2000),
        TimelineLook(COMPLETED + HOUR, Outcome.TRANSIENT),
        counted(COMPLETED + 2 * HOUR, 900, 1000),
    ]
    found = chart(world, looks)
    assert found.counts == [(COMPLETED, 2000), (COMPLETED + 2 * HOUR, 1900)]
    assert found.failed == [COMPLETED + HOUR]


def test_looks_that_are_left_out_are_not_an_empty_part_of_the_chart(world: QueueWorld) -> None:
    sell(world)
    assert chart(world, [counted(NOW - DAY, 2000)], looks_left_out=7).start == NOW - DAY


def test_the_levels_begin_when_the_delivery_has_settled_and_end_with_the_guarantee(world: QueueWorld) -> None:
    sell(world, terms=replace(SOLD.terms, window=3 * DAY))
    assert chart(world, [counted(COMPLETED, 2000)]).levels == [LevelStep(COMPLETED, None)]
    with world.database.write() as tx:
        tx.exec_driver_sql("UPDATE targets SET last_count = 2000, last_count_at = last_look_at")
    assert chart(world).levels == [
        LevelStep(COMPLETED, None),
        LevelStep(COMPLETED + DAY, Levels(2000, 1950, 1000)),
        LevelStep(COMPLETED + 3 * DAY, None),
    ]


def test_levels_move_when_other_orders_of_the_target_begin_and_are_few_for_very_many(
    world: QueueWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The changes by the order itself are always there."""
    later = [an_order(f"{n}", "profile.17", completed_at=COMPLETED + n * 4 * HOUR) for n in range(1, 9)]
    with world.database.write() as tx:
        orders.import_batch(tx, [SOLD, *later], world.now)
        tx.exec_driver_sql("UPDATE targets SET last_count = 9000, last_count_at = 1772366400000000")
    own = {COMPLETED, COMPLETED + DAY}
    assert {step.at for step in chart(world).levels} == own | {
        COMPLETED + DAY + n * 4 * HOUR for n in range(1, 9)
    }
    monkeypatch.setattr("refilld.timeline.order_chart.WORK", 9 * 3)
    few = {step.at for step in chart(world).levels}
    assert own <= few
    assert len(few) <= len(own) + 3


def test_the_guarantee_is_a_band_until_its_end_or_a_flag_that_voids_it(world: QueueWorld) -> None:
    sell(world)
    assert bands(chart(world), BandKind.GUARANTEE) == [ChartBand(BandKind.GUARANTEE, COMPLETED, NOW)]
    with world.database.write() as tx:
        flags.set_flag(tx, "17", Flag.HOLD, NOW - 3 * DAY)
        flags.set_flag(tx, "17", Flag.ABUSE, NOW - 2 * DAY)
    found = chart(world)
    assert bands(found, BandKind.GUARANTEE) == [ChartBand(BandKind.GUARANTEE, COMPLETED, NOW - 2 * DAY)]
    assert [mark.text for mark in found.marks if mark.kind is MarkKind.FLAG] == [
        "flagged hold: the guarantee is suspended",
        "flagged abuse: the guarantee is void",
    ]


def test_failed_looks_are_a_band_until_the_next_readable_one(world: QueueWorld) -> None:
    """Private ones apart from others."""
    sell(world)
    outcomes = [Outcome.PRIVATE, Outcome.PRIVATE, Outcome.BLOCKED, Outcome.COUNT, Outcome.TRANSIENT]
    looks = [
        TimelineLook(COMPLETED + n * HOUR, outcome, 5 if outcome is Outcome.COUNT else None)
        for n, outcome in enumerate(outcomes)
    ]
    found = bands(chart(world, looks), BandKind.PRIVATE, BandKind.UNREAD)
    assert found == [
        ChartBand(BandKind.PRIVATE, COMPLETED, COMPLETED + 2 * HOUR),
        ChartBand(BandKind.UNREAD, COMPLETED + 2 * HOUR, COMPLETED + 3 * HOUR),
        ChartBand(BandKind.UNREAD, COMPLETED + 4 * HOUR, COMPLETED + 4 * HOUR),
    ]


def test_mass_drops_of_the_metric_are_bands(world: QueueWorld) -> None:
    sell(world)
    with world.database.write() as tx:
        for metric in (Metric.FOLLOWERS, Metric.LIKES):
            mass_drops.begin(tx, metric, MassDropCounts(20, 10), NOW - DAY)
    assert bands(chart(world), BandKind.MASS_DROP) == [ChartBand(BandKind.MASS_DROP, NOW - DAY, NOW)]


def test_a_drop_its_decision_and_its_refill_are_marks_with_numbers(world: QueueWorld) -> None:
    world.queue("17")
    found = chart(world)
    assert [(mark.kind, mark.count, mark.units) for mark in found.marks] == [
        (MarkKind.DELIVERED, None, 1000),
        (MarkKind.DROP, None, None),
        (MarkKind.DECISION, 1900, 100),
        (MarkKind.QUEUED, None, 100),
    ]
    assert bands(found, BandKind.DROP) == [ChartBand(BandKind.DROP, NOW, NOW)]


def test_a_pending_order_has_a_chart_without_a_guarantee(world: QueueWorld) -> None:
    with world.database.write() as tx:
        orders.import_batch(tx, [a_pending_order("17", "profile.17")], world.now)
    found = chart(world)
    assert (found.start, found.end, found.bands, found.delivered) == (NOW, NOW, [], None)
