"""Every figure of a simulation, calculated by hand for tiny worlds."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Target
from refilld.settings.sources import SourceSection
from refilld.simulate.figures import Delays, Figures, Truth, figures
from refilld.simulate.run import SimulationRecord
from refilld.simulate.true_drops import TrueDrop, TrueDropEnd
from tests.refilld.simulate.simulate_world import (
    BEGIN,
    DAY,
    HOUR,
    StepWorld,
    WorldWithoutTrueCounts,
    hours_of_looks,
    order_row,
    ran,
)

FALL = ((0, 2000), (25, 1900))
"""A hundred of a thousand are lost after 25 hours; looks are at 24, 30 and, for confirmation, 32 hours."""


def truth_of(happened: SimulationRecord) -> tuple[Figures, Truth, list[TrueDrop]]:
    found, true_drops = figures(happened)
    assert found.truth is not None
    return found, found.truth, true_drops


def test_looks_follow_the_cadence_independent_of_clock_jumps() -> None:
    """Every six hours, two hours after a suspicion, and six hours after that again."""
    looks = hours_of_looks(ran(StepWorld([order_row()], FALL)))
    assert looks == [0, 6, 12, 18, 24, 30, 32, 38, 44, 50, 56, 62, 68]


def test_the_delay_of_a_drop_ends_at_the_look_that_detects_it() -> None:
    """It begins at exactly 25 hours, and is detected at 30."""
    _, truth, (true_drop,) = truth_of(ran(StepWorld([order_row()], FALL)))
    assert BEGIN + 25 * HOUR <= true_drop.began <= BEGIN + 25 * HOUR + timedelta(seconds=1)
    assert (true_drop.order_id, true_drop.units, true_drop.ended, true_drop.end) == (
        "1",
        100,
        BEGIN + 30 * HOUR,
        TrueDropEnd.SEEN,
    )
    assert truth.seen.mean == truth.seen.p50 == truth.seen.p95 == pytest.approx(5, abs=0.001)
    assert truth.hours_per_unit == pytest.approx(5, abs=0.001)
    assert truth.missed_share == 0


def test_a_refill_costs_its_units_at_the_price_of_the_order() -> None:
    """A hundred units of a thousand that cost ten; decided at 32 hours, claimed at 33."""
    world = StepWorld([order_row()], FALL)
    found, truth, _ = truth_of(ran(world))
    assert (found.refills, found.units_refilled, found.cost) == (1, 100, {"USD": Decimal("1.00")})
    assert world.refills == [(BEGIN + 57 * HOUR, "1", 100)]
    assert (truth.false_refills, truth.units_too_many, found.units_without_price) == (0, 0, 0)


def test_units_without_a_price_are_counted_separately() -> None:
    found, _, _ = truth_of(ran(StepWorld([order_row(price=None)], FALL)))
    assert (found.cost, found.units_without_price) == ({}, 100)


def test_looks_and_requests_are_counted() -> None:
    found, _, _ = truth_of(ran(StepWorld([order_row()], FALL)))
    assert (found.orders, found.targets, found.looks, found.counts, found.requests) == (1, 1, 13, 13, 13)


def test_a_drop_undetected_at_the_end_of_the_guarantee_is_missed() -> None:
    """The guarantee ends after 12 hours, the last look that counts is at 11:30, and the fall after that."""
    order = order_row(completed_at=BEGIN - 30 * DAY + 12 * HOUR)
    happened = ran(StepWorld([order], ((0, 2000), (11.75, 1900))), days=1)
    assert hours_of_looks(happened) == [0, 6, 11.5, 17.5]
    _, truth, (true_drop,) = truth_of(happened)
    assert (true_drop.end, true_drop.ended) == (TrueDropEnd.MISSED, BEGIN + 12 * HOUR)
    assert truth.missed_share == 1
    assert truth.hours_per_unit == pytest.approx(0.25 + 720, abs=0.001)
    assert truth.seen == Delays(None, None, None)


def test_a_drop_that_recovers_undetected_is_not_counted() -> None:
    _, truth, _ = truth_of(ran(StepWorld([order_row()], ((0, 2000), (1, 1900), (5, 2000))), days=1))
    assert (truth.true_drops, truth.missed_share) == (Counter({TrueDropEnd.PASSED: 1}), None)


def test_a_drop_undetected_at_the_end_of_the_simulation_stays_open() -> None:
    """The last look is at 18 hours, the fall at 20."""
    _, truth, (true_drop,) = truth_of(ran(StepWorld([order_row()], ((0, 2000), (20, 1900))), days=1))
    assert (true_drop.end, true_drop.ended, truth.hours_per_unit) == (TrueDropEnd.OPEN, BEGIN + DAY, None)


def test_a_loss_below_the_threshold_is_no_drop() -> None:
    """Forty-nine of a thousand, where five percent are needed."""
    found, truth, true_drops = truth_of(ran(StepWorld([order_row()], ((0, 2000), (25, 1951)))))
    assert (found.drops, truth.true_drops.total(), true_drops) == (0, 0, [])


def test_a_drop_before_the_delivery_settled_begins_when_it_settles() -> None:
    """Delivered at the beginning, fallen at 3 hours: it counts from hour 24 on, and is detected then."""
    order = order_row(completed_at=BEGIN)
    _, _, (true_drop,) = truth_of(ran(StepWorld([order], ((0, 2000), (3, 1900)))))
    assert (true_drop.began, true_drop.ended, true_drop.end) == (BEGIN + DAY, BEGIN + DAY, TrueDropEnd.SEEN)


def test_a_second_fall_is_a_second_drop() -> None:
    """A hundred more are lost at 40 hours, while the first hundred are in flight: detected at 44."""
    _, _, (first, second) = truth_of(ran(StepWorld([order_row()], (*FALL, (40, 1800)))))
    assert (first.ended, second.ended) == (BEGIN + 30 * HOUR, BEGIN + 44 * HOUR)
    assert second.units == 100
    assert second.hours == pytest.approx(4, abs=0.001)


def test_overlapping_orders_lose_each_unit_once() -> None:
    """The order that ends first pays first: the younger one lost nothing."""
    older = order_row("1", start_count=1000)
    younger = order_row("2", start_count=2000, completed_at=BEGIN - 5 * DAY)
    _, _, (true_drop,) = truth_of(ran(StepWorld([older, younger], ((0, 3000), (25, 2900)))))
    assert (true_drop.order_id, true_drop.units) == ("1", 100)


def test_a_refill_without_a_real_loss_is_false() -> None:
    """Each look shows two hundred too few."""
    found, truth, true_drops = truth_of(ran(StepWorld([order_row()], wrong_by=-200), days=1))
    assert (found.refills, truth.false_refills, truth.units_too_many) == (1, 1, 200)
    assert true_drops == []


def test_refilled_units_beyond_the_loss_are_reported() -> None:
    """A hundred are missing, and each look shows twenty more."""
    found, truth, _ = truth_of(ran(StepWorld([order_row()], FALL, wrong_by=-20)))
    assert (found.refills, truth.false_refills, truth.units_too_many) == (1, 0, 20)


def test_refills_held_for_an_operator_are_reported() -> None:
    """The count is below the start count."""
    found, _, _ = truth_of(ran(StepWorld([order_row()], ((0, 2000), (25, 900)))))
    assert (found.held, found.refills, found.units_refilled) == (1, 1, 0)


def test_a_refill_released_after_a_mass_drop_is_measured() -> None:
    """Held at 32 hours, released at 36: the same units are still missing."""
    rule = {"min_targets": 1, "share": 1, "hold": "4h"}
    found, truth, _ = truth_of(ran(StepWorld([order_row()], FALL), mass_drop=rule))
    assert (found.refills, found.held, found.units_refilled) == (1, 0, 100)
    assert (truth.false_refills, truth.units_too_many) == (0, 0)


def test_the_age_of_looks() -> None:
    """Six hours between looks, and half an hour before the end of the guarantee."""
    order = order_row(completed_at=BEGIN - 30 * DAY + 12 * HOUR)
    found, _ = figures(ran(StepWorld([order]), days=1))
    assert found.oldest_look_hours == 6
    assert found.mean_look_age_hours == pytest.approx((6**2 + 5.5**2 + 0.5**2) / 2 / 12)


def test_a_small_budget_makes_looks_old() -> None:
    """Two profiles and a request every twelve hours: each waits a day."""
    orders = [order_row("1", "nasa"), order_row("2", "esa")]
    slow = SourceSection(requests_per_hour=1, spacing=timedelta(hours=12), jitter=0, reserve=0)
    found, _ = figures(ran(StepWorld(orders), days=4, section=slow))
    assert (found.looks, found.oldest_look_hours) == (8, 24)


def test_a_world_without_true_counts_has_partial_figures() -> None:
    found, true_drops = figures(ran(WorldWithoutTrueCounts(StepWorld([order_row()], FALL))))
    assert (found.truth, true_drops, found.refills, found.looks) == (None, [], 1, 13)


def lost(hours: int, units: int) -> TrueDrop:
    return TrueDrop("1", units, BEGIN, BEGIN + hours * HOUR, TrueDropEnd.SEEN)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([lost(4, 7)], Delays(4, 4, 4)),
        ([lost(3, 30), lost(1, 10)], Delays(2.5, 3, 3)),
        ([lost(1, 97), lost(100, 3)], Delays(3.97, 1, 1)),
        ([lost(1, 94), lost(100, 6)], Delays(6.94, 1, 100)),
    ],
)
def test_delays_are_weighted_by_the_units_lost(seen: list[TrueDrop], expected: Delays) -> None:
    assert Delays.of(seen) == expected


class Refusing(StepWorld):
    """A source that refuses everything."""

    def read(self, targets: Sequence[Target], now: datetime) -> list[Snapshot]:
        return [Snapshot(target, now, Outcome.RATE_LIMITED, "steps") for target in targets]


def test_a_stopped_source_is_resumed_after_eight_hours() -> None:
    """Refused at once, an hour later and two hours after that, it stops at 3; at 11 and 22 it is resumed."""
    happened = ran(Refusing([order_row()]), days=1)
    assert [hour for hour in hours_of_looks(happened) if hour < 12] == [0, 1, 3, 11]
    found, _ = figures(happened)
    assert (found.counts, found.drops, found.resumed) == (0, 0, 2)
