"""The fast path: counts that cannot change anything are stored without evaluation, all others with."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.adaptive import AdaptiveCadence
from monitor.cadence.hazard import Hazards
from monitor.cadence.schedule import LookSummary, NextLook, Priority
from monitor.errors import RefilldError
from monitor.guarantee.mass_drop import MassDropRule
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.terms import Terms
from refilld.services import refill_requests
from refilld.services.refill_requests import Recheck
from storage import order_terms, routes
from storage.column_types import AnyRow
from tests.builders import DAY, HOUR, INSTANT, MINUTE, START
from tests.effort import examples
from tests.jobs.jobs_world import JobsWorld, an_order, jobs_world
from tests.jobs.scripted_sources import EVERY, LATER
from tests.postgres_server import fast_directory

SCHEDULING_COLUMNS = {
    "virtual_due",
    "service_queue",
    "not_before",
    "coverage_ends_at",
    "final_look_slot",
    "final_look_value",
    "cadence_state",
}
NOOP_COLUMNS = {"noop_min_count", "noop_until", "judged_from", "judged_until"}
TOKEN_COLUMNS = {"lease_token", "done_token"}
TABLES = (
    "targets",
    "snapshots",
    "drops",
    "decisions",
    "refills",
    "events",
    "mass_drops",
    "orders",
    "requests",
    "reviews",
)


@dataclass
class Counting:
    """The adaptive cadence with a count of fast-path looks; `fast_path=False` disables the fast path."""

    fast_path: bool = True
    fast_path_looks: int = 0
    policy: AdaptiveCadence = field(default_factory=lambda: AdaptiveCadence(EVERY, Hazards({})))

    keeps_state = True

    def next_look(self, states: Sequence[OrderState], seen: LookSummary, now: datetime) -> NextLook | None:
        return self.policy.next_look(states, seen, now)

    def next_look_after_noop(
        self, cadence_state: str, count: int, now: datetime, priority: Priority, source: str, /
    ) -> NextLook | None:
        found = (
            self.policy.next_look_after_noop(cadence_state, count, now, priority, source)
            if self.fast_path
            else None
        )
        self.fast_path_looks += found is not None
        return found


def route(world: JobsWorld) -> None:
    """Route new targets, and those of new orders, to the scripted source."""
    with world.database.write() as tx:
        rows = routes.unrouted(tx, 500)
        routed = [replace(r.schedule, source="scripted", request_key=r.target.link.key) for r in rows]
        pairs = zip(rows, routed, strict=True)
        routes.save_routes(tx, [replace(row, schedule=schedule) for row, schedule in pairs], {})


def watch(world: JobsWorld, *, fast_path: bool = True, few: int = 2) -> Counting:
    cadence = Counting(fast_path)
    rule = MassDropRule(min_targets=few, share=1)
    world.policy = replace(world.policy, cadence=cadence, mass_drops=rule)
    return cadence


TERMS = st.fixed_dictionaries(
    {
        "window": st.sampled_from([2 * DAY, 4 * DAY, None]),
        "settle": st.sampled_from([timedelta(0), 9 * HOUR]),
    },
    optional={
        "confirmations": st.integers(1, 2),
        "confirm_after": st.just(timedelta(0)),
        "cooldown": st.just(timedelta(0)),
        "refill": st.just("on_request"),
        "below_start": st.just("cap"),
    },
)
PROFILES = ("a", "b", "c")


@st.composite
def shops(draw: st.DrawFn) -> tuple[Order, ...]:
    """Draw orders on three profiles, some of them on one."""
    return tuple(
        an_order(
            str(number),
            draw(st.sampled_from(PROFILES)) if number >= len(PROFILES) else PROFILES[number],
            quantity=draw(st.sampled_from([50, 100])),
            start_count=draw(st.sampled_from([100, 100, 200, None])),
            completed_at=START - draw(st.integers(0, 6)) * HOUR,
            terms={"min_drop_units": 5} | draw(TERMS),
        )
        for number in range(draw(st.integers(3, 6)))
    )


@dataclass(frozen=True)
class Event:
    """One look, and what happens after it."""

    profile: str
    count: int
    hours: int
    then: str
    order: int


COUNTS = st.sampled_from([0, 60, 195, 290, 300, 300, 301, 310, 500, 500, 505, 520])
ACTIONS = ["", "", "", "", "", "deliver", "fail", "ask", "flag", "unflag", "sell", "requeue", "approve"]
EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(PROFILES),
        COUNTS,
        st.integers(0, 7),
        st.sampled_from(ACTIONS),
        st.integers(0, 5),
    ),
    min_size=6,
    max_size=25,
)


def perform(world: JobsWorld, event: Event, sold: Sequence[Order], number: int) -> None:
    order_id = sold[event.order % len(sold)].order_id
    if event.then == "deliver":
        world.deliver()
    elif event.then == "fail":
        world.give_up()
    elif event.then == "ask":
        with world.database.write() as tx:
            refill_requests.request_refill(tx, order_id, world.now)
    elif event.then == "flag":
        world.flag(order_id, Flag.HOLD)
    elif event.then == "unflag":
        world.unflag(order_id, Flag.HOLD)
    elif event.then == "sell":
        world.sell(
            an_order(f"new{number}", event.profile, quantity=100, completed_at=world.now, start_count=300)
        )
    elif event.then in {"requeue", "approve"}:
        for refill_id in world.rows("refills", "refill_id"):
            with suppress(RefilldError):
                world.operate(event.then, refill_id)


def life(sold: Sequence[Order], events: Sequence[Event], *, fast_path: bool) -> tuple[dict[str, Any], int]:
    """Play the events; returns all rows and the number of fast-path looks."""
    with TemporaryDirectory(dir=fast_directory()) as directory, jobs_world(Path(directory)) as world:
        cadence = watch(world, fast_path=fast_path)
        world.sell(*sold)
        world.now += HOUR
        for number, event in enumerate(events):
            world.now += event.hours * HOUR + INSTANT
            route(world)
            world.look(event.count, profile=event.profile)
            perform(world, event, sold, number)
        kept = {table: [known(row) for row in world.rows(table)] for table in TABLES}
        return kept, cadence.fast_path_looks


def known(row: AnyRow) -> dict[str, Any]:
    return {
        name: value
        for name, value in row._mapping.items()
        if name not in SCHEDULING_COLUMNS | NOOP_COLUMNS | TOKEN_COLUMNS
    }


@given(shops(), EVENTS)
@examples(8)
def test_the_fast_path_leaves_the_same_rows(sold: tuple[Order, ...], events: list[Event]) -> None:
    """For any sequence of events; only the columns of the scheduling state may differ."""
    assert life(sold, events, fast_path=True)[0] == life(sold, events, fast_path=False)[0]


# Looks that are evaluated


@pytest.fixture
def evaluated(world: JobsWorld) -> tuple[JobsWorld, Counting]:
    """A world whose standard order was evaluated, so that later looks take the fast path."""
    cadence = watch(world, few=20)
    world.sell(an_order())
    route(world)
    world.look(2000, LATER)
    world.look(2000, LATER + HOUR)
    assert cadence.fast_path_looks == 1
    return world, cadence


def test_a_fast_path_look_is_stored_counted_and_scheduled_like_any_other(
    evaluated: tuple[JobsWorld, Counting],
) -> None:
    """The snapshot is stored, `judged_at` is set for mass drops, and the next look is scheduled."""
    world, cadence = evaluated
    world.look(1990, LATER + 2 * HOUR)
    assert cadence.fast_path_looks == 2
    assert world.rows("snapshots", "at", "count")[-1] == (LATER + 2 * HOUR, 1990)
    assert world.rows("targets", "judged_at", "last_count", "next_due_at") == [
        (LATER + 2 * HOUR, 1990, LATER + 2 * HOUR + EVERY)
    ]


@pytest.mark.parametrize(("count", "fast_path_looks"), [(1951, 2), (1950, 1)])
def test_a_count_that_opens_a_drop_is_evaluated(
    evaluated: tuple[JobsWorld, Counting], count: int, fast_path_looks: int
) -> None:
    """One unit more takes the fast path."""
    world, cadence = evaluated
    world.look(count, LATER + 2 * HOUR)
    assert (cadence.fast_path_looks, len(world.rows("drops"))) == (fast_path_looks, 2 - fast_path_looks)


def test_a_fall_to_0_and_the_look_after_it_are_evaluated(evaluated: tuple[JobsWorld, Counting]) -> None:
    world, cadence = evaluated
    world.look(0, LATER + 2 * HOUR)
    assert world.rows("snapshots", "outcome")[-1] == "schema"
    world.look(2000, LATER + 3 * HOUR)
    assert cadence.fast_path_looks == 1


def sell_another(world: JobsWorld) -> None:
    world.sell(an_order("2", start_count=None, completed_at=LATER))


def reterm(world: JobsWorld) -> None:
    tight = Terms(min_drop_units=1, min_drop_percent=0)
    with world.database.write() as tx:
        order_terms.reterm(tx, ["1"], lambda order: replace(order, terms=tight), world.now)


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.flag("1", Flag.HOLD),
        lambda world: (world.flag("1", Flag.HOLD), world.unflag("1", Flag.HOLD)),
        sell_another,
        lambda world: world.sell(an_order("1", remains=100, status=OrderStatus.PARTIAL)),
        reterm,
    ],
    ids=["flagged", "flag lifted", "sold", "moved on", "other terms"],
)
def test_after_a_change_of_its_orders_a_target_is_evaluated(
    evaluated: tuple[JobsWorld, Counting], change: Callable[[JobsWorld], object]
) -> None:
    """The next count does not take the fast path."""
    world, cadence = evaluated
    world.now += HOUR
    change(world)
    route(world)
    world.look(3000, LATER + 3 * HOUR)
    assert cadence.fast_path_looks == 1


def test_an_open_request_is_answered_by_the_next_look(evaluated: tuple[JobsWorld, Counting]) -> None:
    world, cadence = evaluated
    world.now += HOUR
    with world.database.write() as tx:
        refill_requests.request_refill(tx, "1", world.now)
    world.look(2000, LATER + 3 * HOUR)
    assert cadence.fast_path_looks == 1
    assert world.rows("requests", "answered_at") == [LATER + 3 * HOUR]


def test_a_repeated_request_is_answered_by_the_next_look_too(
    evaluated: tuple[JobsWorld, Counting],
) -> None:
    """Left open, it would refill a later drop without a request."""
    world, cadence = evaluated
    with world.database.write() as tx:
        refill_requests.request_refill(tx, "1", world.now)
    world.look(2000, LATER + HOUR + MINUTE)
    with world.database.write() as tx:
        assert refill_requests.request_refill(tx, "1", world.now + MINUTE)[1] is Recheck.STANDS
    world.look(2000, LATER + 2 * HOUR)
    assert cadence.fast_path_looks == 1
    assert world.rows("requests", "answered_at") == [LATER + HOUR + MINUTE, LATER + 2 * HOUR]


def test_the_first_look_after_settling_is_evaluated(world: JobsWorld) -> None:
    """It shows a short delivery, and is marked on the order."""
    cadence = watch(world, few=20)
    world.sell(an_order())
    route(world)
    for hours in (1, 2, 24, 25):
        world.look(2000, START + hours * HOUR)
    assert world.rows("orders", "settled_look_at") == [START + DAY]
    assert cadence.fast_path_looks == 1


@pytest.mark.parametrize("how", [{"count_kind": "other"}])
def test_a_count_of_another_kind_is_evaluated(
    evaluated: tuple[JobsWorld, Counting], how: dict[str, str]
) -> None:
    world, cadence = evaluated
    recorded = world.look(2000, LATER + 2 * HOUR, **how)
    assert (cadence.fast_path_looks, recorded.snapshot.count) == (1, None)


def test_a_look_after_a_clock_step_back_is_evaluated(evaluated: tuple[JobsWorld, Counting]) -> None:
    """The snapshots keep their order."""
    world, cadence = evaluated
    world.look(2000, LATER)
    assert cadence.fast_path_looks == 1
    assert world.rows("snapshots", "at")[-1] == LATER + HOUR + INSTANT


def test_after_the_guarantee_the_target_is_unscheduled(evaluated: tuple[JobsWorld, Counting]) -> None:
    world, cadence = evaluated
    world.look(2000, START + 30 * DAY)
    assert (cadence.fast_path_looks, world.target().schedule.next_due_at) == (1, None)
