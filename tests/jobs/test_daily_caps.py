"""Daily caps: what exceeds them is held, told once, and decided again on the next day (RULES 8)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from jobs.look_recording import record_looks
from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.guarantee.daily_caps import SHOP, Amounts, CapScope, DailyCaps, ScopeKind
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.refill import RefillState
from monitor.model.terms import BelowStart
from storage import queued_units
from storage.engine import Database
from tests.builders import DAY, HOUR, START, a_profile
from tests.jobs.jobs_world import (
    JobsWorld,
    a_look,
    alerts_of,
    an_order,
    decisions_of,
    refills_of,
)

OPENED = START + 2 * DAY
CONFIRMED = OPENED + 2 * HOUR
MIDNIGHT = (OPENED + DAY).replace(hour=0)
NAMES = ("one", "two", "three")
NO_MASS_DROPS = MassDropRule(enabled=False)


def capped(caps: DailyCaps) -> LookPolicy:
    return LookPolicy(FixedCadence(6 * HOUR), NO_MASS_DROPS, caps=caps)


def shop_cap(units: int, *, release_next_day: bool = True) -> DailyCaps:
    return DailyCaps({SHOP: Amounts(units)}, release_next_day=release_next_day)


def lose(world: JobsWorld, *names: str, count: int = 1500, at: datetime = OPENED) -> None:
    """Confirm a loss of 500 on each profile, one after the other."""
    for moment in (at, at + 2 * HOUR):
        for number, name in enumerate(names):
            world.look(count, moment + number * timedelta(minutes=1), profile=name)


@pytest.fixture
def three(world: JobsWorld) -> JobsWorld:
    """Three profiles that have lost 500 each on a day with room for 1200."""
    world.policy = capped(shop_cap(1200))
    world.sell(*(an_order(name, name) for name in NAMES))
    lose(world, *NAMES)
    return world


def states_of(world: JobsWorld) -> list[RefillState]:
    return [state for *_, state in refills_of(world)]


def test_a_refill_that_exceeds_the_cap_is_held_whole(three: JobsWorld) -> None:
    """500 + 500 fit into 1200; the third is not split."""
    assert refills_of(three) == [
        ("one", 500, RefillState.QUEUED),
        ("two", 500, RefillState.QUEUED),
        ("three", 500, RefillState.HELD),
    ]
    assert decisions_of(three)[-1] == ("three", "hold", "daily_cap", 500)
    assert three.rows("refills", "release_at") == [None, None, MIDNIGHT]


def test_a_cap_is_told_once_a_day(three: JobsWorld) -> None:
    """No alert for the held order, and none when the cap is reached again."""
    three.sell(an_order("four", "four"))
    lose(three, "four", at=OPENED + 3 * HOUR)
    assert alerts_of(three) == ["drop.confirmed", "drop.confirmed", "daily_cap.reached"]
    told = [text for text in three.alerts("text") if "daily cap" in text]
    (text,) = told
    assert text == (
        "the daily cap of the shop, 1,200 units, is reached; 1 refill held for it so far, decided anew from "
        "the next day (UTC) on; refilld refills list --state held shows them, refilld refills approve ID "
        "queues one now"
    )


def test_on_the_next_day_it_is_released_with_what_is_still_missing(three: JobsWorld) -> None:
    """One instant before midnight nothing changes."""
    three.look(1600, MIDNIGHT - HOUR.resolution, profile="three")
    assert states_of(three)[-1] is RefillState.HELD
    three.look(1700, MIDNIGHT, profile="three")
    assert refills_of(three)[-1] == ("three", 300, RefillState.QUEUED)
    with three.database.read() as tx:
        assert queued_units.usage(tx, MIDNIGHT.date())[SHOP].units == 300


def test_without_room_it_stays_held_until_the_day_after(three: JobsWorld) -> None:
    """The decision is not recorded twice, and no second alert is made for an order."""
    three.policy = capped(shop_cap(600))
    three.sell(an_order("four", "four"))
    three.look(1500, MIDNIGHT - 3 * HOUR, profile="four")
    three.look(1500, MIDNIGHT, profile="four")
    three.look(1500, MIDNIGHT + HOUR, profile="three")
    assert refills_of(three)[2:] == [("three", 500, RefillState.HELD), ("four", 500, RefillState.QUEUED)]
    assert three.rows("refills", "release_at")[2] == MIDNIGHT + DAY
    assert [one for one in decisions_of(three) if one[0] == "three"] == [("three", "hold", "daily_cap", 500)]


def test_with_keep_only_an_operator_releases_it(world: JobsWorld) -> None:
    """An operator goes above the cap, and what he approves counts as used."""
    world.policy = capped(shop_cap(600, release_next_day=False))
    world.sell(*(an_order(name, name) for name in NAMES[:2]))
    lose(world, *NAMES[:2])
    world.look(1500, MIDNIGHT + HOUR, profile="two")
    assert states_of(world) == [RefillState.QUEUED, RefillState.HELD]
    world.operate("approve", 2)
    assert states_of(world) == [RefillState.QUEUED, RefillState.QUEUED]
    with world.database.read() as tx:
        assert queued_units.usage(tx, MIDNIGHT.date())[SHOP].units == 500


def test_a_refill_larger_than_the_cap_waits_for_an_operator_and_is_told(world: JobsWorld) -> None:
    """It would fit on no day, so it has an alert of its own, and no time of release."""
    world.policy = capped(shop_cap(499))
    world.sell(an_order("one", "one"))
    lose(world, "one")
    world.look(1500, MIDNIGHT + HOUR, profile="one")
    assert refills_of(world) == [("one", 500, RefillState.HELD)]
    assert world.rows("refills", "release_at") == [None]
    assert alerts_of(world) == ["drop.held"]


def test_a_requeued_refill_counts_on_the_day_of_its_first_queueing(world: JobsWorld) -> None:
    """It was given up, and is tried again two days later."""
    world.policy = capped(shop_cap(10_000))
    world.sell(an_order("one", "one"))
    lose(world, "one")
    world.give_up()
    world.now += 2 * DAY
    world.operate("requeue")
    with world.database.read() as tx:
        used = {day: queued_units.usage(tx, day) for day in (OPENED.date(), world.now.date())}
    assert {day: {str(scope): one.units for scope, one in found.items()} for day, found in used.items()} == {
        OPENED.date(): {"the shop": 500, "service followers": 500},
        world.now.date(): {},
    }


@pytest.mark.parametrize(
    ("scope", "sold", "held"),
    [
        (CapScope(ScopeKind.PROVIDER, "acme"), {"provider": "acme"}, True),
        (CapScope(ScopeKind.PROVIDER, "acme"), {"provider": "other"}, False),
        (CapScope(ScopeKind.PROVIDER, "acme"), {"provider": None}, False),
        (CapScope(ScopeKind.SERVICE, "followers"), {}, True),
        (CapScope(ScopeKind.SERVICE, "another"), {}, False),
    ],
)
def test_a_cap_concerns_its_provider_or_service_only(
    world: JobsWorld, scope: CapScope, sold: dict[str, Any], *, held: bool
) -> None:
    world.policy = capped(DailyCaps({scope: Amounts(600)}))
    world.sell(*(an_order(name, name, **sold) for name in NAMES[:2]))
    lose(world, *NAMES[:2])
    assert (states_of(world)[1] is RefillState.HELD) is held


@pytest.mark.parametrize(
    ("currency", "cap", "held"), [("USD", "1.49", True), ("USD", "1.50", False), ("EUR", "0.01", False)]
)
def test_a_price_is_capped_in_its_own_currency(
    world: JobsWorld, currency: str, cap: str, *, held: bool
) -> None:
    """Two refills of 500 units, each half of an order for 1.50."""
    world.policy = capped(DailyCaps({SHOP: Amounts(0, {currency: Decimal(cap)})}))
    world.sell(*(an_order(name, name, price=Decimal("1.50"), currency="USD") for name in NAMES[:2]))
    lose(world, *NAMES[:2])
    assert (states_of(world)[1] is RefillState.HELD) is held


def test_the_orders_of_one_count_share_the_room_of_the_day(world: JobsWorld) -> None:
    """Two orders on one profile miss 1000 and 500 at the same look."""
    world.policy = capped(shop_cap(1200))
    later: dict[str, Any] = {"start_count": 2000, "completed_at": START + HOUR, "created_at": START + HOUR}
    terms = {"below_start": BelowStart.CAP}
    world.sell(an_order("a", terms=terms), an_order("b", terms=terms, **later))
    lose(world, "natgeo", count=1500)
    assert refills_of(world) == [("a", 1000, RefillState.QUEUED), ("b", 500, RefillState.HELD)]


def test_a_refill_whose_mass_drop_hold_is_over_is_under_the_caps(world: JobsWorld) -> None:
    rule = MassDropRule(min_targets=2, share=40)
    world.policy = replace(capped(shop_cap(600)), mass_drops=rule)
    world.sell(*(an_order(name, name) for name in NAMES[:2]))
    lose(world, *NAMES[:2])
    assert [reason for *_, reason, _ in decisions_of(world)] == ["mass_drop"] * 2
    later = CONFIRMED + 49 * HOUR
    for name in NAMES[:2]:
        world.look(1500, later, profile=name)
    assert states_of(world) == [RefillState.QUEUED, RefillState.HELD]
    assert world.rows("refills", "release_at")[1] == (later + DAY).replace(hour=0)


def test_several_daemons_on_postgresql_keep_a_cap_together(migrated_postgres_url: str) -> None:
    """Eight processes confirm 500 units each at the same moment, with room for three of them."""
    names = [f"user{number}" for number in range(8)]
    databases = [Database(migrated_postgres_url) for _ in names]
    world = JobsWorld(databases[0], policy=capped(shop_cap(1700)))
    world.sell(*(an_order(name, name) for name in names))
    for name in names:
        world.look(1500, OPENED, profile=name)
    ids = {name: world.target(name).target_id for name in names}

    def confirm(database: Database, name: str) -> None:
        with database.write() as tx:
            record_looks(tx, {ids[name]: a_look(1500, CONFIRMED, a_profile(name))}, world.policy)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(confirm, databases, names))
    states, alerts = sorted(states_of(world)), alerts_of(world)
    for database in databases:
        database.close()
    assert states == [RefillState.HELD] * 5 + [RefillState.QUEUED] * 3
    assert alerts.count("daily_cap.reached") == 1
