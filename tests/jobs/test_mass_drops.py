"""RULES 6 through record_looks: a mass drop holds refills, raises one alert, releases or discards them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import pytest

from monitor.cadence.fixed import FixedCadence
from monitor.evaluation.evaluate import LookPolicy
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.decision import Reason
from monitor.model.order import Flag
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage import held_refills, mass_drops, operator_actions
from storage.errors import WrongStateError
from tests.alert_job import an_alerting
from tests.builders import DAY, HOUR, START
from tests.jobs.alert_world import Inbox
from tests.jobs.jobs_world import JobsWorld, an_order

LATER = START + 2 * DAY
NAMES = [f"profile{i}" for i in range(5)]
RULE = MassDropRule(min_targets=5, share=40)
"""Of five targets three must fall; below one of five it ends."""


@pytest.fixture
def fallen(world: JobsWorld) -> JobsWorld:
    """Five profiles of 2000; three fall to 1500 together, and two hours later that is confirmed."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    show(world, [2000, 2000, 1500, 1500, 1500], LATER)
    show(world, [2000, 2000, 1500, 1500, 1500], LATER + 2 * HOUR)
    return world


def show(world: JobsWorld, counts: Iterable[int], at: datetime) -> None:
    for name, count in zip(NAMES, counts, strict=False):
        world.look(count, at, profile=name)


def refills_of(world: JobsWorld) -> list[tuple[str, int, RefillState]]:
    return world.rows("refills", "order_id", "quantity", "state")


def first_line_told(world: JobsWorld, at: datetime) -> str:
    """The first line of the newest message about the mass drop, which is made now."""
    an_alerting(world.database, lambda: at, [Inbox("mail")]).run_once()
    newest = max(world.rows("notifications"), key=lambda row: row.notification_id)
    return str(newest.summary)


def kinds(world: JobsWorld) -> list[str]:
    return [str(kind) for kind in world.alerts("kind")]


def test_refills_of_a_mass_drop_are_held(fallen: JobsWorld) -> None:
    """Nothing is queued while the platform is the likely cause."""
    assert refills_of(fallen) == [(name, 500, RefillState.HELD) for name in NAMES[2:]]
    assert fallen.rows("decisions", "decision", "reason") == [("hold", "mass_drop")] * 3


def test_a_mass_drop_raises_one_alert(fallen: JobsWorld) -> None:
    """One alert for the mass drop, none for each order."""
    assert kinds(fallen) == ["mass_drop.started"]
    (text,) = fallen.alerts("text")
    assert text.startswith("mass drop: 3 of 5 targets judged in 6h lost followers")


def test_the_message_about_a_mass_drop_has_what_it_costs_when_it_is_sent(world: JobsWorld) -> None:
    """At its first moment nothing was confirmed, so nothing was decided."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name, price=Decimal("1.50"), currency="USD") for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    show(world, [2000, 2000, 1500, 1500, 1500], LATER)
    assert first_line_told(world, LATER) == (
        "followers so far: 3 drops, 1,500 units, 2.25 USD; held for your decision: nothing yet"
    )
    show(world, [2000, 2000, 1500, 1500, 1900], LATER + 2 * HOUR)
    assert first_line_told(world, LATER + 5 * HOUR) == (
        "followers so far: 3 drops, 1,100 units, 1.65 USD; "
        "held for your decision: 3 refills, 1,100 units, 1.65 USD"
    )


def test_a_mass_drop_that_grows_is_told_again(fallen: JobsWorld) -> None:
    """Three targets had fallen; when six refills are held, one more alert says how many units that is."""
    more = [f"more{i}" for i in range(4)]
    fallen.sell(*(an_order(name, name) for name in more))
    for at in (LATER + 3 * HOUR, LATER + 5 * HOUR):
        for name in more:
            fallen.look(1500, at, profile=name)
    grown = [text for kind, text in fallen.alerts("kind", "text") if kind == "mass_drop.grown"]
    text = (
        "the mass drop of followers grows: 6 refills, 3,000 units are held for it now;"
        " refilld mass-drops release followers --dry-run shows them"
    )
    assert grown == [text]


def test_a_share_at_the_limit_is_no_mass_drop(world: JobsWorld) -> None:
    """Two of five are 40%, which is not more than 40%: they are refilled as usual."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    for at in (LATER, LATER + 2 * HOUR):
        show(world, [2000, 2000, 2000, 1500, 1500], at)
    assert {state for *_, state in refills_of(world)} == {RefillState.QUEUED}
    assert world.rows("mass_drops") == []


def test_a_clock_set_back_does_not_widen_the_window(world: JobsWorld) -> None:
    """Three of four fell at 00:30; at 09:00 that is too long ago, and a clock at 06:00 changes nothing."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    show(world, [2000, 1500, 1500, 1500], LATER + HOUR / 2)
    world.look(2000, LATER + 9 * HOUR, profile=NAMES[4])
    world.look(1500, LATER + 6 * HOUR, profile=NAMES[4])
    assert world.rows("mass_drops") == []


def test_another_metric_is_not_held(fallen: JobsWorld) -> None:
    """Followers fell; likes and views have no mass drop."""
    with fallen.database.read() as tx:
        assert [metric for metric in Metric if mass_drops.on_since(tx, metric)] == [Metric.FOLLOWERS]


def test_a_mass_drop_ends_by_itself_with_an_alert(fallen: JobsWorld) -> None:
    """Six hours after the last opening the share is 0, and drops are refilled as usual."""
    show(fallen, [2000, 2000, 1500, 1500, 1500], LATER + 9 * HOUR)
    (row,) = fallen.rows("mass_drops")
    assert (row.metric, row.started_at, row.ended_at) == ("followers", LATER, LATER + 9 * HOUR)
    assert kinds(fallen) == ["mass_drop.started", "mass_drop.ended"]
    over = (
        "the mass drop of followers is over; 3 refills, 1,500 units are still held for it: "
        "refilld mass-drops release followers --dry-run shows them"
    )
    assert fallen.alerts("text")[1] == over


def test_after_the_hold_a_drop_is_released_and_a_recovered_one_discarded(fallen: JobsWorld) -> None:
    """After 48 hours: one order is still down, one has half recovered, one has recovered."""
    over = LATER + 50 * HOUR
    show(fallen, [2000, 2000, 1500, 1750, 2000], over)
    assert refills_of(fallen) == [
        (NAMES[2], 500, RefillState.QUEUED),
        (NAMES[3], 250, RefillState.QUEUED),
        (NAMES[4], 500, RefillState.REJECTED),
    ]
    assert fallen.rows("decisions", "order_id", "decision", "reason", "quantity")[3:] == [
        (NAMES[2], "refill", "drop_confirmed", 500),
        (NAMES[3], "refill", "drop_confirmed", 250),
        (NAMES[4], "refuse", "recovered", 0),
    ]
    assert fallen.rows("refills", "release_at") == [None] * 3


def test_before_the_end_of_the_hold_nothing_is_released(fallen: JobsWorld) -> None:
    """One instant earlier nothing happens."""
    show(fallen, [2000, 2000, 1500, 1750, 2000], LATER + 50 * HOUR - HOUR.resolution)
    assert {state for *_, state in refills_of(fallen)} == {RefillState.HELD}


def test_a_look_is_due_at_the_end_of_a_hold(fallen: JobsWorld) -> None:
    """Even if the ordinary interval is longer."""
    fallen.look(1500, LATER + 47 * HOUR, profile=NAMES[2])
    assert fallen.target(NAMES[2]).schedule.next_due_at == LATER + 50 * HOUR


def test_the_operator_releases_all_held_refills_together(fallen: JobsWorld) -> None:
    """Missing units are queued; a recovered drop is discarded."""
    show(fallen, [2000, 2000, 1500, 1750, 2000], LATER + 3 * HOUR)
    with fallen.database.write() as tx:
        for refill_id in held_refills.held_for_mass_drop(tx, Metric.FOLLOWERS):
            held_refills.release(tx, refill_id, Reason.MASS_DROP, fallen.now)
    assert [(n, state) for _, n, state in refills_of(fallen)] == [
        (500, RefillState.QUEUED),
        (250, RefillState.QUEUED),
        (500, RefillState.REJECTED),
    ]


def test_a_held_refill_of_a_recovered_drop_cannot_be_approved(fallen: JobsWorld) -> None:
    """The error states the reason, and nothing changes."""
    show(fallen, [2000, 2000, 2000, 1500, 1500], LATER + 3 * HOUR)
    with pytest.raises(WrongStateError, match=r"at the count of 2000 .* the order misses 0"):
        fallen.operate("approve", 1)
    assert refills_of(fallen)[0] == (NAMES[2], 500, RefillState.HELD)


def test_a_discarded_refill_is_not_held_again(fallen: JobsWorld) -> None:
    """The drop is refused until it has recovered."""
    with fallen.database.write() as tx:
        operator_actions.act(tx, 1, "reject", fallen.now)
    for hours in (4, 6, 8):
        fallen.look(1500, LATER + hours * HOUR, profile=NAMES[2])
    assert [row for row in refills_of(fallen) if row[0] == NAMES[2]] == [
        (NAMES[2], 500, RefillState.REJECTED)
    ]


def test_a_flag_cancels_a_held_refill(fallen: JobsWorld) -> None:
    """A chargeback ends the guarantee; the end of the hold does not release the refill."""
    fallen.flag(NAMES[2], Flag.CHARGEBACK)
    fallen.look(1500, LATER + 60 * HOUR, profile=NAMES[2])
    assert refills_of(fallen)[0] == (NAMES[2], 500, RefillState.CANCELLED)


def test_with_the_mass_drop_rule_disabled_nothing_is_held(world: JobsWorld) -> None:
    """A running mass drop ends with the next judged look."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    show(world, [1500] * 5, LATER)
    world.policy = LookPolicy(FixedCadence(6 * HOUR), MassDropRule(enabled=False))
    show(world, [1500] * 5, LATER + 2 * HOUR)
    assert {state for *_, state in refills_of(world)} == {RefillState.QUEUED}
    assert world.rows("mass_drops", "ended_at") == [LATER + 2 * HOUR]


def test_a_refill_held_at_the_last_look_of_its_guarantee_is_still_released(world: JobsWorld) -> None:
    """A drop confirmed after the window keeps its target scheduled until the end of the hold."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name, terms={"window": 5 * DAY}) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    last = START + 5 * DAY - HOUR
    show(world, [1500] * 5, last)
    show(world, [1500] * 5, last + 2 * HOUR)
    assert {state for *_, state in refills_of(world)} == {RefillState.HELD}
    for name in NAMES:
        due = world.target(name).schedule.next_due_at
        assert due is not None
    world.look(1500, last + 50 * HOUR, profile=NAMES[0])
    assert refills_of(world)[0] == (NAMES[0], 500, RefillState.QUEUED)


def test_after_a_release_the_target_returns_to_its_routine(fallen: JobsWorld) -> None:
    """The next look is a routine look."""
    fallen.look(2000, LATER + 50 * HOUR, profile=NAMES[2])
    assert (fallen.target(NAMES[2]).schedule.due_reason, fallen.target(NAMES[2]).schedule.next_due_at) == (
        "routine", LATER + 56 * HOUR,
    )  # fmt: skip


def test_a_refill_held_for_another_reason_is_not_released_with_the_mass_drop(fallen: JobsWorld) -> None:
    """A refill that is now held for an operator is not part of the release."""
    fallen.look(900, LATER + 50 * HOUR, profile=NAMES[2])  # below the start count: held for review
    assert fallen.rows("refills", "reason")[0] == "below_start_count"
    for decide in (held_refills.release, held_refills.discard):
        with pytest.raises(WrongStateError, match="not held for mass_drop"), fallen.database.write() as tx:
            decide(tx, 1, Reason.MASS_DROP, fallen.now)


def test_looks_after_an_outage_of_the_source_do_not_end_a_mass_drop(world: JobsWorld) -> None:
    """All openings are older than the window at the second looks; the refills are still held."""
    world.policy = LookPolicy(FixedCadence(6 * HOUR), RULE)
    world.sell(*(an_order(name, name) for name in NAMES))
    show(world, [2000] * 5, START + DAY)
    show(world, [1500] * 5, LATER)
    show(world, [1500] * 4, LATER + 7 * HOUR)
    assert {state for *_, state in refills_of(world)} == {RefillState.HELD}
    assert world.rows("mass_drops", "ended_at") == [None]
