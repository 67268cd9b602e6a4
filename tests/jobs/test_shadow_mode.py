"""Shadow mode: everything is decided and shown, nothing is queued, nothing about orders is sent (RULES 9)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from monitor.guarantee.daily_caps import SHOP, Amounts, DailyCaps
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from storage import held_refills, operator_actions, queued_units
from storage.engine import Transaction
from storage.errors import ShadowModeError, WrongStateError
from storage.held_refills import HeldUnits
from tests.builders import DAY, HOUR
from tests.jobs.jobs_world import JobsWorld, an_order, decisions_of, refills_of
from tests.jobs.test_daily_caps import CONFIRMED, MIDNIGHT, NAMES, capped, lose, shop_cap


@pytest.fixture
def shadow(world: JobsWorld) -> JobsWorld:
    """Three profiles have lost 500 each in shadow mode."""
    world.policy = replace(capped(shop_cap(10)), shadow=True)
    world.sell(*(an_order(name, name, price=Decimal(2), currency="USD") for name in NAMES))
    lose(world, *NAMES)
    return world


def held(world: JobsWorld) -> list[int]:
    with world.database.read() as tx:
        return held_refills.held_for(tx, Reason.SHADOW)


def release_all(world: JobsWorld, caps: DailyCaps) -> None:
    for refill_id in held(world):
        with world.database.write() as tx:
            held_refills.release(tx, refill_id, Reason.SHADOW, world.now, caps=caps)


def caps_told(world: JobsWorld) -> list[Any]:
    return [row for row in world.rows("outbox") if row.kind == "daily_cap.reached"]


def test_what_would_be_queued_is_held_whatever_the_caps_are(shadow: JobsWorld) -> None:
    assert decisions_of(shadow) == [(name, "hold", "shadow", 500) for name in NAMES]
    assert refills_of(shadow) == [(name, 500, RefillState.HELD) for name in NAMES]
    assert shadow.rows("refills", "release_at") == [None] * 3


def test_alerts_about_orders_are_kept_and_never_sent(shadow: JobsWorld) -> None:
    """The confirmed drops and the refund reviews of short first looks."""
    kinds = shadow.alerts("kind", "state", "next_try_at")
    assert {kind for kind, *_ in kinds} == {"drop.held", "review.opened"}
    assert {(state, at) for _, state, at in kinds} == {("kept", None)}
    text = next(text for text in shadow.alerts("text") if text.startswith("order one: followers"))
    assert text.endswith("500 missing; a refill of 500 would be queued (shadow)")


def test_nothing_about_a_mass_drop_is_sent_and_its_holds_end_in_the_shadow(world: JobsWorld) -> None:
    """The end of a hold would queue the refills, so they are held for shadow mode from then on."""
    world.policy = replace(capped(DailyCaps()), mass_drops=MassDropRule(min_targets=2, share=40), shadow=True)
    world.sell(*(an_order(name, name) for name in NAMES[:2]))
    lose(world, *NAMES[:2])
    assert [reason for *_, reason, _ in decisions_of(world)] == ["mass_drop"] * 2
    for name in NAMES[:2]:
        world.look(1500, CONFIRMED + 49 * HOUR, profile=name)
    assert held(world) == [1, 2]
    assert set(world.alerts("state")) == {"kept"}


@pytest.mark.parametrize("reason", [Reason.SHADOW, Reason.BELOW_START_COUNT])
def test_what_is_held_is_summed_up_by_reason(shadow: JobsWorld, reason: Reason) -> None:
    with shadow.database.read() as tx:
        found = held_refills.totals(tx, reason)
    one = HeldUnits("followers", None, Decimal(2), "USD", 1000, refills=3, units=1500)
    assert found == ([one] if reason is Reason.SHADOW else [])


def test_a_release_queues_what_is_still_missing(shadow: JobsWorld) -> None:
    """One is unchanged, one has half recovered, one has recovered; there is no cap."""
    for name, count in zip(NAMES, (1500, 1750, 2000), strict=True):
        shadow.look(count, CONFIRMED + HOUR, profile=name)
    release_all(shadow, DailyCaps())
    assert [(units, state) for _, units, state in refills_of(shadow)] == [
        (500, RefillState.QUEUED),
        (250, RefillState.QUEUED),
        (500, RefillState.REJECTED),
    ]


def test_a_release_keeps_the_daily_caps(shadow: JobsWorld) -> None:
    """Two fit into the day; the third is released at a look on the next one."""
    caps = shop_cap(1200)
    release_all(shadow, caps)
    states = [state for *_, state in refills_of(shadow)]
    assert states == [RefillState.QUEUED, RefillState.QUEUED, RefillState.HELD]
    assert shadow.rows("refills", "reason", "release_at")[2] == (Reason.DAILY_CAP, MIDNIGHT)
    shadow.policy = capped(caps)
    shadow.look(1500, MIDNIGHT, profile="three")
    assert refills_of(shadow)[2] == ("three", 500, RefillState.QUEUED)
    with shadow.database.read() as tx:
        assert queued_units.usage(tx, CONFIRMED.date())[SHOP] == Amounts(1000, {"USD": Decimal(2)})


def test_a_release_that_reaches_a_daily_cap_tells_it_once(shadow: JobsWorld) -> None:
    """Two refills exceed the cap of the shop; a look that exceeds it later on the day tells nothing more."""
    caps = shop_cap(600)
    release_all(shadow, caps)
    told = [(row.state, row.text.partition(";")[0]) for row in caps_told(shadow)]
    assert told == [("pending", "the daily cap of the shop, 600 units, is reached")]
    shadow.policy = capped(caps)
    shadow.sell(an_order("four", "four"))
    lose(shadow, "four", at=CONFIRMED + HOUR)
    assert refills_of(shadow)[-1] == ("four", 500, RefillState.HELD)
    assert len(caps_told(shadow)) == 1


def test_a_release_of_what_no_day_has_room_for_tells_no_cap(shadow: JobsWorld) -> None:
    """As at a look: the cap is not reached, but the refill is larger than it."""
    release_all(shadow, shop_cap(400))
    assert shadow.rows("refills", "reason", "release_at") == [(Reason.DAILY_CAP, None)] * 3
    assert caps_told(shadow) == []


def test_after_shadow_mode_a_look_does_not_release_it(shadow: JobsWorld) -> None:
    """Only an operator does."""
    shadow.policy = capped(DailyCaps())
    shadow.look(1500, CONFIRMED + 3 * DAY, profile="one")
    assert refills_of(shadow)[0] == ("one", 500, RefillState.HELD)


@pytest.mark.parametrize(
    "queue",
    [
        lambda tx, now: operator_actions.act(tx, 1, "approve", now, shadow=True),
        lambda tx, now: operator_actions.act(tx, 1, "requeue", now, shadow=True),
        lambda tx, now: held_refills.release(tx, 1, Reason.SHADOW, now, caps=shop_cap(1), shadow=True),
    ],
)
def test_an_operator_cannot_queue_in_shadow_mode(
    shadow: JobsWorld, queue: Callable[[Transaction, datetime], object]
) -> None:
    """The error says how to leave it, and nothing changes."""
    remedy = r'set mode = "live" under \[guarantee\]'
    with pytest.raises(ShadowModeError, match=remedy), shadow.database.write() as tx:
        queue(tx, shadow.now)
    assert {state for *_, state in refills_of(shadow)} == {RefillState.HELD}


def test_a_refill_held_for_another_reason_is_not_part_of_a_release(shadow: JobsWorld) -> None:
    with pytest.raises(WrongStateError, match="not held for mass_drop"), shadow.database.write() as tx:
        held_refills.release(tx, 1, Reason.MASS_DROP, shadow.now)
