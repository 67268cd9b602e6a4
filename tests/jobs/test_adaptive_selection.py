"""Selection under the adaptive cadence: the order of targets and the statistics that are kept."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs import routing
from jobs.adaptive_selection import SAVED_EVERY
from monitor.cadence.adaptive import SLOT_HOURS
from monitor.cadence.observation_state import hours_since_epoch
from monitor.cadence.schedule import FinalLook, NextLook, Priority, QueuePosition
from monitor.model.snapshot import Outcome, Snapshot
from storage import cadence_stats, due, sources, targets
from storage.targets import LookOutcome
from tests.builders import DAY, HOUR, MINUTE, SECOND, START
from tests.jobs.jobs_world import Answer, JobsWorld, a_configured_source, an_order
from tests.jobs.scripted_sources import EVERY, LATER, Pages, learn

SERVICE = "followers"


def sell(world: JobsWorld, *names: str, start: int = 1000) -> None:
    """Sell an order on each profile and set the clock to LATER, when they have settled."""
    world.sell(*(an_order(name, name, start_count=start) for name in names))
    world.now = LATER


def route(world: JobsWorld, source: Pages) -> None:
    """Assign targets and queue positions to a source without reading any."""
    configured = a_configured_source(source)
    with world.database.write() as tx:
        router = world.sampling(configured).policy.router
        assert router is not None
        routing.route_new(tx, router, world.selection.queue_position, world.now)


def place(
    world: JobsWorld,
    name: str,
    virtual_due: float | None = None,
    *,
    priority: Priority = Priority.MAX_INTERVAL,
    at: datetime | None = None,
    final_look: FinalLook | None = None,
    not_before: datetime = START,
) -> None:
    """Set the queue position of a target, as a look an hour ago would have set it."""
    row = world.target(name)
    queue_position = (
        None if virtual_due is None else QueuePosition(virtual_due, SERVICE, not_before, None, final_look)
    )
    snapshot = Snapshot(row.target, world.now - HOUR, Outcome.COUNT, "pages", 2000, "count")
    following = NextLook(at or world.now + DAY, priority, "by hand", cadence_state=row.schedule.cadence_state)
    with world.database.write() as tx:
        targets.save_looks(tx, [LookOutcome(row, snapshot, following, queue_position, was_hidden=row.hidden)])


def order_of_service(world: JobsWorld, source: Pages, number: int) -> list[str]:
    """Take so many requests; returns the profiles in the order of selection."""
    configured = a_configured_source(source, per_hour=1)
    names = []
    for _ in range(number):
        with world.database.write() as tx:
            requests = world.selection.claim_next(tx, configured, world.now)
        names += [rows[0].target.link.key for rows in requests]
    return names


def clock_at(world: JobsWorld) -> float:
    with world.database.read() as tx:
        return cadence_stats.virtual_time(tx, "pages").v


def exposure(world: JobsWorld) -> float:
    return float(sum(world.rows("hazard_cells", "exposure")))


SLOT_NOW = int(hours_since_epoch(LATER) // SLOT_HOURS) + 1
"""The slot of final looks that is current at LATER."""


# The order of targets


def test_targets_are_served_in_the_order_of_priorities_and_queue_positions(world: JobsWorld) -> None:
    """Urgent dates, final looks above the shadow price, routine dates, then the virtual queue."""
    learn(world)
    source = Pages()
    sell(world, "routine", "queued1", "queued2", "final", "urgent", "longest")
    route(world, source)
    place(world, "routine", 0.1, priority=Priority.ROUTINE, at=LATER - HOUR)
    place(world, "queued1", 1.0)
    place(world, "queued2", 2.0)
    place(world, "final", 9.0, final_look=FinalLook(SLOT_NOW, 1e9))
    place(world, "urgent", 9.5, priority=Priority.URGENT, at=LATER)
    place(world, "longest", 3.0, priority=Priority.MAX_INTERVAL, at=LATER - 9 * DAY)
    assert order_of_service(world, source, 7) == [
        "urgent",
        "final",
        "routine",
        "queued1",
        "queued2",
        "longest",
    ]


def test_targets_due_by_date_leave_half_of_the_looks_to_the_others(world: JobsWorld) -> None:
    """Otherwise hundreds of dead links would take the whole budget permanently."""
    learn(world)
    source = Pages()
    dead, alive = [f"dead{i}" for i in range(40)], [f"alive{i}" for i in range(40)]
    sell(world, *dead, *alive)
    route(world, source)
    for number, (one, other) in enumerate(zip(dead, alive, strict=True)):
        place(world, one, priority=Priority.ROUTINE, at=LATER - DAY)
        place(world, other, float(number))
    names = []
    for _ in range(40):
        world.now += 10 * SECOND
        names += order_of_service(world, source, 1)
    served = sum(name.startswith("alive") for name in names)
    assert 10 <= served <= 30
    assert [name for name in names if name.startswith("alive")] == alive[:served]


def test_a_target_before_its_not_before_time_is_skipped(world: JobsWorld) -> None:
    learn(world)
    source = Pages()
    sell(world, "a", "b")
    route(world, source)
    place(world, "a", 1.0, not_before=LATER + MINUTE)
    place(world, "b", 2.0)
    assert order_of_service(world, source, 2) == ["b"]
    world.now += MINUTE
    assert order_of_service(world, source, 1) == ["a"]


def test_only_targets_taken_by_virtual_time_advance_it(world: JobsWorld) -> None:
    """A target taken for another reason has a later virtual_due, which must not advance virtual time."""
    learn(world)
    source = Pages()
    sell(world, "urgent", "final", "queued")
    route(world, source)
    place(world, "urgent", 50.0, priority=Priority.URGENT, at=LATER)
    place(world, "final", 60.0, final_look=FinalLook(SLOT_NOW, 1e9))
    place(world, "queued", 7.0)
    moved = []
    for name in ("urgent", "final", "queued"):
        assert order_of_service(world, source, 1) == [name]
        moved.append(clock_at(world))
    assert moved == [0.0, 0.0, 7.0]


@pytest.mark.parametrize(("value", "served"), [(1e9, ["final", "queued"]), (1e-9, ["queued", "final"])])
def test_a_final_look_is_taken_only_above_the_shadow_price(
    world: JobsWorld, value: float, served: list[str]
) -> None:
    """Otherwise the target waits for its virtual_due."""
    learn(world)
    source = Pages()
    sell(world, "final", "queued")
    route(world, source)
    place(world, "final", 8.0, final_look=FinalLook(SLOT_NOW, value))
    place(world, "queued", 1.0)
    assert order_of_service(world, source, 2) == served


def test_a_final_look_is_taken_only_in_its_slot(world: JobsWorld) -> None:
    learn(world)
    source = Pages()
    sell(world, "soon", "now")
    route(world, source)
    place(world, "soon", 8.0, final_look=FinalLook(SLOT_NOW + 1, 1e9))
    place(world, "now", 9.0, final_look=FinalLook(SLOT_NOW, 1e9))
    assert order_of_service(world, source, 2) == ["now", "soon"]
    assert clock_at(world) == 8.0


@pytest.mark.parametrize(("per_hour", "served"), [(1, []), (1000, ["longest"])])
def test_the_maximum_interval_is_kept_only_within_the_budget(
    world: JobsWorld, per_hour: int, served: list[str]
) -> None:
    """Seven targets four times a day are 28 looks; a budget of one an hour cannot keep the interval."""
    learn(world)
    source = Pages()
    names = ["longest", *(f"other{n}" for n in range(6))]
    sell(world, *names)
    route(world, source)
    for name in names:
        place(world, name, None, at=LATER if name == "longest" else LATER + DAY)
    configured = a_configured_source(source, per_hour=per_hour)
    with world.database.write() as tx:
        requests = world.selection.claim_next(tx, configured, world.now)
    assert [rows[0].target.link.key for rows in requests] == served


def test_new_orders_are_queued_by_their_weight(world: JobsWorld) -> None:
    """A large order is read before a small one sold at the same time."""
    learn(world)
    source = Pages()
    world.sell(
        an_order("small", "small", quantity=100),
        an_order("big", "big", quantity=10_000),
        an_order("usual", "usual"),
        an_order("tiny", "tiny", quantity=20, terms={"min_drop_units": 1}),
    )
    world.now = LATER
    route(world, source)
    world.now += EVERY / 6
    assert order_of_service(world, source, 4) == ["big", "usual", "small", "tiny"]


def test_a_new_order_never_delays_its_target(world: JobsWorld) -> None:
    """Repeated orders on the target keep its virtual_due."""
    learn(world)
    source = Pages()
    sell(world, "popular", "other")
    route(world, source)
    place(world, "popular", 1e-9)
    for number in range(3):
        world.sell(an_order(f"again{number}", "popular", completed_at=LATER - 2 * DAY))
        route(world, source)
    (stored,) = [due_ for link, due_ in world.rows("targets", "link", "virtual_due") if "popular" in link]
    assert stored == 1e-9


def test_first_looks_do_not_change_the_shadow_price(world: JobsWorld) -> None:
    """A first look has no stored value; counted as 0 it would make every final look worthwhile."""
    learn(world)
    source = Pages()
    sell(world, *(f"p{n}" for n in range(5)))
    route(world, source)
    world.now += EVERY / 6
    with world.database.read() as tx:
        before = cadence_stats.virtual_time(tx, "pages").price
    assert len(order_of_service(world, source, 5)) == 5
    with world.database.read() as tx:
        assert cadence_stats.virtual_time(tx, "pages").price == before


# Through the sampling job


def sample(world: JobsWorld, source: Pages, until: datetime, tick: timedelta = HOUR, **budget: Any) -> None:
    sampling = world.sampling(a_configured_source(source, **budget))
    while world.now < until:
        sampling.run_once()
        world.now += tick


def fallen(*names: str) -> Pages:
    def script(name: str, now: datetime) -> Answer:
        return 1500 if name in names and now >= START + 3 * DAY else 2000

    return Pages(script=script)


@pytest.mark.parametrize("per_hour", [1, 1000])
def test_every_drop_is_found_and_refilled_once_whatever_the_budget(world: JobsWorld, per_hour: int) -> None:
    learn(world)
    world.sell(*(an_order(f"{n}", f"p{n}") for n in range(6)))
    sample(world, fallen("p1", "p4"), START + (4 if per_hour > 1 else 9) * DAY, per_hour=per_hour)
    assert sorted(world.rows("refills", "order_id", "quantity")) == [("1", 500), ("4", 500)]


def test_a_lower_budget_or_a_pause_changes_no_row(world: JobsWorld) -> None:
    """Virtual time runs slower; stored positions stay as they are."""
    learn(world)
    world.sell(*(an_order(f"{n}", f"p{n}") for n in range(8)))
    source = Pages()
    sample(world, source, LATER + DAY, per_hour=2)
    with world.database.write() as tx:
        paused = sources.breaker(tx, "pages").after(Outcome.RATE_LIMITED, "profile:p0", world.now, 5 * DAY)
        sources.save_breaker(tx, "pages", paused)
    before = world.rows("targets")
    sample(world, source, world.now + DAY, per_hour=1)
    assert world.rows("targets") == before


# Statistics


def test_each_look_adds_the_exposure_since_the_look_before(world: JobsWorld) -> None:
    """The exposure is the time between looks, from completion on."""
    learn(world)
    world.sell(an_order("1", "p"))
    source = Pages()
    sample(world, source, START + 4 * DAY, per_hour=1000)
    assert exposure(world) == pytest.approx((source.times[-1] - START) / HOUR, abs=7)


def run_without_flush(world: JobsWorld, source: Pages, until: datetime) -> None:
    """Run a round each minute without the flush at the end, as a daemon that is killed."""
    sampling = world.sampling(a_configured_source(source))
    while world.now < until:
        sampling._step(sampling.sources[0])
        world.now += MINUTE


def test_a_killed_daemon_loses_a_minute_of_observations_and_no_look(world: JobsWorld) -> None:
    learn(world)
    world.sell(*(an_order(f"{n}", f"p{n}") for n in range(5)))
    source = Pages()
    sell(world)
    route(world, source)
    run_without_flush(world, source, LATER + 30 * MINUTE)
    assert len(world.rows("snapshots")) == 5
    learn(world)
    world.now += SAVED_EVERY
    run_without_flush(world, source, world.now + 2 * MINUTE)
    assert exposure(world) == pytest.approx(5 * 48, rel=0.01)


def test_observations_of_the_last_look_are_saved_by_flush(world: JobsWorld) -> None:
    """A short process with a budget of one request still saves its observations."""
    selection = learn(world)
    sell(world, "a")
    sampling = world.sampling(a_configured_source(Pages(), per_hour=1))
    sampling.run_once()
    assert exposure(world) == 0
    sampling.flush()
    assert exposure(world) == pytest.approx(48)
    assert selection.cadence.hazards.unsaved() == {}


def test_observations_of_two_daemons_add_up(world: JobsWorld) -> None:
    """Each saves its own observations without overwriting those of the other."""
    mine, others = learn(world), learn(world)
    sell(world, "a", "b")
    source = Pages()
    route(world, source)
    for number, selection in enumerate((mine, others)):
        world.selection = selection
        world.policy = replace(world.policy, cadence=selection.cadence)
        step = world.sampling(a_configured_source(source))
        step._step(step.sources[0])
        assert len(source.seen) == number + 1
    world.now += 2 * SAVED_EVERY
    for selection in (mine, others, mine):
        with world.database.write() as tx:
            selection.learn(tx, ["pages"])
        with world.database.write() as tx:
            selection.persist(tx, world.now + 2 * SAVED_EVERY)
    assert exposure(world) == pytest.approx(2 * 48, rel=0.01)


def test_targets_leave_the_queue_when_their_last_guarantee_ends(world: JobsWorld) -> None:
    learn(world)
    sell(world, "a")
    route(world, Pages())
    with world.database.write() as tx:
        assert due.unschedule_ended(tx, START + 30 * DAY - MINUTE) == 0
        assert due.unschedule_ended(tx, START + 30 * DAY) == 1
    assert world.rows("targets", "virtual_due") == [None]
