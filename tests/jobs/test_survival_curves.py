"""The job of retention curves: what it uses, how it names curves, and that it never delays others."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from monitor.model.order import Flag
from monitor.model.target import Metric
from monitor.survival import sampling
from monitor.survival.curve_name import CurveName
from storage import flags, requests, survival_curves
from tests.builders import DAY, HOUR, START, an_order
from tests.jobs.survival_world import SurvivalWorld
from tests.migrated_database import migrated_database


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SurvivalWorld]:
    with migrated_database(tmp_path / "refilld.db") as database:
        yield SurvivalWorld(database)


def a_third_at_ten_days(age: timedelta) -> int:
    return 300 if age >= 10 * DAY else 0


def nothing(_age: timedelta) -> int:
    return 0


def test_a_curve_shows_what_the_shop_lost(world: SurvivalWorld) -> None:
    world.shop(25, a_third_at_ten_days)
    assert world.compute()
    curve = world.curve()
    assert (curve.orders, curve.units) == (25, 25_000)
    assert [world.share(days) for days in (7, 11, 29)] == pytest.approx([1, 0.7, 0.7])
    assert curve.observed == 29.5 * DAY


def test_curves_are_of_services_providers_and_both(world: SurvivalWorld) -> None:
    world.shop(20, nothing, "a", service="good", provider="acme")
    world.shop(20, a_third_at_ten_days, "b", service="bad", provider="acme")
    world.shop(20, a_third_at_ten_days, "c", service="bad")
    world.compute()
    followers = Metric.FOLLOWERS
    assert set(world.names()) == {
        CurveName(followers),
        CurveName(followers, "good"),
        CurveName(followers, "bad"),
        CurveName(followers, provider="acme"),
        CurveName(followers, "good", "acme"),
        CurveName(followers, "bad", "acme"),
    }
    assert world.share(20, service="good") == pytest.approx(1)
    assert world.share(20, service="bad") == pytest.approx(0.7)
    assert world.share(20, provider="acme") == pytest.approx(0.85, abs=0.001)


def test_no_curve_of_too_few_orders_is_stored(world: SurvivalWorld) -> None:
    world.shop(19, nothing)
    assert world.compute()
    assert world.names() == []


def test_what_a_refill_replaced_stays_lost(world: SurvivalWorld) -> None:
    world.shop(20, lambda age: 300 if DAY <= age < 3 * DAY else 0)
    for number in range(20):
        world.deliver_refill(f"a{number}", START + 2 * DAY, 300)
    world.compute()
    assert world.curve().observed == 29.5 * DAY
    assert world.share(20) == pytest.approx(0.7)


def test_an_order_is_observed_until_a_refill_is_queued_that_does_not_arrive(world: SurvivalWorld) -> None:
    world.shop(20, lambda age: 300 if DAY <= age < 3 * DAY else 0)
    for number in range(20):
        world.deliver_refill(f"a{number}", START + 2 * DAY, completed=False)
    world.compute()
    assert world.curve().observed == 1.5 * DAY
    assert world.share(1.5) == pytest.approx(0.7)


def test_an_order_is_observed_until_it_is_flagged(world: SurvivalWorld) -> None:
    world.shop(20, nothing)
    with world.database.write() as tx:
        for number in range(20):
            flags.set_flag(tx, f"a{number}", Flag.DISPUTE, START + 4 * DAY)
    world.compute()
    assert world.curve().observed == 3.5 * DAY


def test_looks_at_a_mass_drop_are_not_used(world: SurvivalWorld) -> None:
    """From 6 hours before it began: what the platform gives back was not lost."""
    world.shop(20, lambda age: 300 if 4.8 * DAY <= age < 7 * DAY else 0)
    world.note_mass_drop(START + 5 * DAY, START + 7 * DAY)
    world.compute()
    assert world.curve().observed == 29.5 * DAY
    assert world.share(20) == pytest.approx(1)


def test_what_a_mass_drop_leaves_missing_is_lost(world: SurvivalWorld) -> None:
    world.shop(20, lambda age: 300 if 4.8 * DAY <= age < 7 * DAY else 100 if age >= 7 * DAY else 0)
    world.note_mass_drop(START + 5 * DAY, START + 7 * DAY)
    world.compute()
    assert [world.share(days) for days in (4.5, 7)] == pytest.approx([1, 0.9])


def test_looks_at_a_mass_drop_that_is_on_are_not_used(world: SurvivalWorld) -> None:
    world.shop(20, lambda age: 300 if age >= 5 * DAY else 0)
    world.note_mass_drop(START + 5 * DAY, None)
    world.compute()
    assert world.curve().observed == 4 * DAY
    assert world.share(4) == pytest.approx(1)


def test_looks_that_a_complaint_has_caused_are_not_used(world: SurvivalWorld) -> None:
    world.shop(20, lambda age: 300 if 2 * DAY <= age < 3 * DAY else 0)
    assert world.compute()
    assert world.share(20) == pytest.approx(0.7)
    with world.database.write() as tx:
        for number in range(20):
            requests.ask(tx, f"a{number}", START + 2 * DAY)
    assert world.compute(every=timedelta(0))
    assert world.share(20) == pytest.approx(1)


def test_orders_on_one_target_are_not_told_apart(world: SurvivalWorld) -> None:
    world.shop(20, nothing)
    later = [
        an_order(f"b{i}", f"a{i}", created_at=START + 6 * DAY, completed_at=START + 7 * DAY, start_count=2000)
        for i in range(20)
    ]
    world.sell(*later)
    world.compute()
    assert (world.curve().orders, world.curve().observed) == (20, 5.5 * DAY)


def test_orders_of_before_the_period_are_left_out(world: SurvivalWorld) -> None:
    world.shop(20, nothing)
    world.compute(period=30 * DAY)
    assert world.names() == []


def test_a_sample_stands_for_all_orders_of_its_group(
    world: SurvivalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of four orders lose a third, and no more of them are read than of the others."""
    monkeypatch.setattr(sampling, "MOST_OF_A_GROUP", 60)
    world.shop(60, nothing, "a", service="good")
    world.shop(180, a_third_at_ten_days, "b", service="bad")
    world.compute()
    assert 100 < world.curve().orders < 150
    assert world.share(20) == pytest.approx(0.775, abs=0.01)


# Costs


def test_costs_are_summed_by_month_service_provider_and_currency(world: SurvivalWorld) -> None:
    world.sell_some(3, price="1.50", currency="USD", provider="acme")
    world.sell_some(1, "b", price="3", currency="EUR")
    world.sell_some(1, "c")
    for order_id in ("a0", "a1", "b0", "c0"):
        world.deliver_refill(order_id, START)
    world.deliver_refill("a2", START + 31 * DAY)
    world.compute()
    march, april = START.replace(day=1, hour=0), START.replace(month=4, day=1, hour=0)
    assert [
        (one.month, one.provider, one.currency, one.refills, one.units, one.price and str(one.price))
        for one in world.costs()
    ] == [
        (april, "acme", "USD", 1, 100, "0.15"),
        (march, "acme", "USD", 2, 200, "0.30"),
        (march, None, "EUR", 1, 100, "0.30"),
        (march, None, None, 1, 100, None),
    ]


# Its place among other work


def test_it_computes_once_in_its_interval(world: SurvivalWorld) -> None:
    assert world.compute()
    world.now += 23 * HOUR
    assert not world.compute()
    world.now += HOUR
    assert world.compute()


def test_a_clock_that_was_ahead_delays_no_run(world: SurvivalWorld) -> None:
    world.now += 400 * DAY
    assert world.compute()
    world.now -= 400 * DAY
    assert world.compute()


def test_old_curves_are_read_until_the_new_ones_are_complete(world: SurvivalWorld) -> None:
    world.shop(20, nothing)
    world.compute()
    seen: list[int] = []
    world.while_resting = lambda: seen.append(len(world.names()))
    world.now += DAY
    assert world.compute()
    assert set(seen) == {2}
    assert world.stored("survival_curves", "survival_runs") == (2, 1)


def test_a_run_that_the_end_of_the_process_interrupts_leaves_nothing(world: SurvivalWorld) -> None:
    world.shop(20, nothing)
    world.stops_after = 10
    assert not world.compute()
    assert world.stored("survival_curves", "survival_runs") == (0, 0)
    world.stops_after = None
    assert world.compute()


def test_two_processes_do_not_compute_at_once(world: SurvivalWorld) -> None:
    other: list[bool] = []
    world.while_resting = lambda: other.append(
        world.job(every=timedelta(0), wait=lambda _: False).compute() is not None
    )
    world.shop(20, nothing)
    assert world.compute()
    assert set(other) == {False}


def test_a_run_that_died_is_repeated_after_two_hours(world: SurvivalWorld) -> None:
    with world.database.write() as tx:
        survival_curves.begin_run(tx, world.now, START, DAY)
    world.now += 2 * HOUR - timedelta(seconds=1)
    assert not world.compute()
    world.now += timedelta(seconds=1)
    assert world.compute()


def test_others_can_write_whenever_it_rests(world: SurvivalWorld) -> None:
    """From another thread, so no transaction of the job is open then."""
    world.shop(20, nothing)
    written = Event()

    def write() -> None:
        with world.database.write():
            written.set()

    def write_elsewhere() -> None:
        written.clear()
        thread = Thread(target=write)
        thread.start()
        assert written.wait(5)
        thread.join()

    world.while_resting = write_elsewhere
    assert world.compute()
    assert len(world.beats) > 20


@pytest.mark.parametrize("changes", [{"every": DAY}, {"period": DAY}], ids=str)
def test_an_empty_shop_has_no_curves(world: SurvivalWorld, changes: dict[str, Any]) -> None:
    assert world.compute(**changes)
    assert (world.names(), world.costs()) == ([], [])
