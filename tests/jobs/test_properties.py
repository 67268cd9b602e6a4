"""Random histories through storage and jobs: every lost unit is refilled exactly once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jobs.look_recording import RecordedLook
from monitor.evaluation.admission import Look
from monitor.evaluation.evaluate import LookEvaluation, RequestState, evaluate
from monitor.guarantee.claims import claims_of
from monitor.guarantee.start_counts import measure_start_counts
from monitor.model.drop import DropState
from monitor.model.order import Flag, Order
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from storage import mass_drops, order_states
from storage.errors import NothingMissingError
from tests.builders import DAY, HOUR, MINUTE, START
from tests.effort import examples
from tests.jobs.jobs_world import JobsWorld, a_look, an_order, jobs_world
from tests.postgres_server import fast_directory

FAILURES = [o for o in Outcome if o is not Outcome.COUNT]
STEP = 3 * HOUR


@dataclass(frozen=True)
class Event:
    """One step of a history: a count, and what happened right after it."""

    count: int
    then: str
    flagged: str


TERMS = st.fixed_dictionaries(
    {},
    optional={
        "settle": st.sampled_from([timedelta(0), 6 * HOUR]),
        "window": st.sampled_from([2 * DAY, None]),
        "cooldown": st.sampled_from([timedelta(0), 6 * HOUR]),
        "confirmations": st.integers(1, 3),
        "confirm_after": st.sampled_from([timedelta(0), STEP]),
        "below_start": st.sampled_from(["cap", "refuse"]),
        "refill": st.just("on_request"),
        "max_refill_percent": st.just(60),
    },
)


@st.composite
def sales(draw: st.DrawFn) -> tuple[Order, ...]:
    """Draw up to four orders on one profile, overlapping or not."""
    return tuple(
        an_order(
            str(number),
            quantity=draw(st.sampled_from([20, 50, 100])),
            start_count=draw(st.sampled_from([100, 100, 150, 200, None])),
            completed_at=START - draw(st.integers(0, 6)) * STEP,
            terms={"min_drop_units": 5} | draw(TERMS),
        )
        for number in range(draw(st.integers(1, 4)))
    )


ACTIONS = [
    "", "", "", "deliver", "deliver", "half", "fail", "reject", "approve", "ask", "flag", "unflag",
]  # fmt: skip
EVENTS = st.lists(
    st.builds(
        Event,
        st.integers(0, 40).map(lambda tens: tens * 10),
        st.sampled_from(ACTIONS),
        st.sampled_from(["0", "1"]),
    ),
    min_size=3,
    max_size=14,
)


def perform(world: JobsWorld, event: Event, sold: Sequence[Order]) -> None:
    """Perform the action after a count: of fulfilment, the operator or the customer."""
    order_id = event.flagged if len(sold) > 1 else "0"
    if event.then == "deliver":
        world.deliver()
    elif event.then == "half":
        world.deliver(delivered=7)
    elif event.then == "fail":
        world.give_up()
    elif event.then in {"reject", "approve"}:
        for refill_id, state in world.rows("refills", "refill_id", "state"):
            if state == "held":
                with suppress(NothingMissingError):  # it came back meanwhile, and stays held
                    world.operate(event.then, refill_id)
    elif event.then == "ask":
        world.ask(order_id)
    elif event.then == "flag":
        world.flag(order_id, Flag.HOLD)
    elif event.then == "unflag":
        world.unflag(order_id, Flag.HOLD)


def play(
    world: JobsWorld,
    sold: Sequence[Order],
    events: Sequence[Event],
    failures: Sequence[tuple[int, Outcome]] = (),
    batches: int = 1,
) -> None:
    """Import in so many batches, then play the events, with failed looks before some counts."""
    for i in range(batches):
        world.sell(*sold[i::batches])
    for number, event in enumerate(events, start=1):
        at = START + number * STEP
        for minutes, (before, outcome) in enumerate(failures):
            if before == number:
                world.look(outcome, at - STEP + (minutes + 1) * MINUTE)
        if check_look(world, event.count, at).snapshot.count is not None:
            perform(world, event, sold)  # else a profile seen private is still taken for private


def check_look(world: JobsWorld, count: int, at: datetime) -> RecordedLook:
    """Record a count, and compare its new refills with the units missing just before.

    What the pure evaluation says of the orders is what the database holds afterwards.
    """
    known = world.rows("refills", "refill_id")
    evaluated = evaluated_look(world, count, at)
    with world.database.read() as tx:
        before = measure_start_counts(order_states.of_target(tx, world.target().target_id), count, at)
    recorded = world.look(count, at)
    decisions = recorded.decisions
    assert decisions == evaluated.decisions
    with world.database.read() as tx:
        saved = order_states.of_target(tx, world.target().target_id)
    assert list(map(essence, saved)) == list(map(essence, evaluated.orders_after))
    new = [(r.order_id, r.quantity) for r in world.rows("refills") if r.refill_id not in known]
    assert [(d.order_id, d.quantity) for d in decisions if d.quantity] == new
    if new:
        missing = max(claim.line - claim.effective for claim in claims_of(before, count, at).values())
        delivered = {w.order.order_id: w.order.delivered for w in before}
        assert sum(units for _, units in new) <= missing
        assert all(units <= delivered[order_id] for order_id, units in new)
    return recorded


def evaluated_look(world: JobsWorld, count: int, at: datetime) -> LookEvaluation:
    """Evaluate a count without recording it."""
    state, rule = world.target(), world.policy.mass_drops
    with world.database.read() as tx:
        orders = order_states.of_target(tx, state.target_id)
        before = mass_drops.state(tx, state.target.metric, at - rule.window, enabled=rule.enabled)
    look = Look(state, orders, a_look(count, at, state.target))
    request = RequestState([look], {state.target.metric: before}, {}, {})
    return evaluate(request, world.policy).looks[0]


def essence(state: OrderState) -> tuple[object, ...]:
    """The state of an order's guarantee, without row ids and the opening times of refused drops."""
    drop = state.drop
    refills = sorted(
        (refill.quantity, refill.state, str(refill.release_at), str(refill.completed_at))
        for refill in state.refills
        if refill.units
    )
    opened = None if drop is None else (drop.state, drop.state is DropState.REFUSED or drop.opened_at)
    return state.order, state.flags, opened, refills, state.request_pending, state.settled_look


def decisions_of(world: JobsWorld) -> list[Any]:
    """Every decision, in an order that does not depend on that of the rows."""
    columns = ("at", "order_id", "decision", "reason", "quantity", "count", "line", "claim")
    return sorted(world.rows("decisions", *columns))


def outcome_of(world: JobsWorld) -> tuple[list[Any], list[Any], list[Any]]:
    """All decisions, refills and drops."""
    refills = sorted(world.rows("refills", "order_id", "number", "quantity", "state", "completed_at"))
    drops = sorted(world.rows("drops", "order_id", "opened_at", "state", "looks"))
    return decisions_of(world), refills, drops


def outcome(*history: Any, **how: Any) -> tuple[list[Any], list[Any], list[Any]]:
    with TemporaryDirectory(dir=fast_directory()) as directory, jobs_world(Path(directory)) as world:
        play(world, *history, **how)
        return outcome_of(world)


@given(sales(), EVENTS)
@examples(15)
def test_new_refills_never_exceed_what_is_missing_and_an_order_has_one_open_at_most(
    sold: tuple[Order, ...], events: list[Event]
) -> None:
    """At every look: their sum is at most the highest line less the count and all units in flight.

    And over the whole history: one open refill per order, numbered without gaps, within the allowance.
    """
    with TemporaryDirectory(dir=fast_directory()) as directory, jobs_world(Path(directory)) as world:
        play(world, sold, events)
        rows = world.rows("refills")
    allowed = {order.order_id: order.terms.max_refill_percent * order.delivered // 100 for order in sold}
    for order_id, group in groupby(sorted(rows, key=lambda r: (r.order_id, r.number)), lambda r: r.order_id):
        mine = list(group)
        assert sum(row.state in {"held", "queued", "claimed"} for row in mine) <= 1
        assert [row.number for row in mine] == list(range(1, len(mine) + 1))
        spent = sum(
            row.quantity if row.delivered is None else min(row.delivered, row.quantity)
            for row in mine
            if row.state not in {"rejected", "cancelled", "dead"}
        )  # a consumer may deliver more than it was asked for
        assert spent <= allowed[order_id]


@given(sales(), EVENTS, st.lists(st.tuples(st.integers(1, 14), st.sampled_from(FAILURES)), max_size=12))
@examples(15)
def test_failed_looks_anywhere_in_a_history_change_no_decision(
    sold: tuple[Order, ...], events: list[Event], failures: list[tuple[int, Outcome]]
) -> None:
    """The same counts at the same times lead to the same decisions, refills and drops."""
    assert outcome(sold, events, failures=failures) == outcome(sold, events)


@given(sales(), EVENTS, st.randoms(use_true_random=False), st.integers(1, 4))
@examples(8)
def test_the_order_of_import_does_not_matter(
    sold: tuple[Order, ...], events: list[Event], random: Any, batches: int
) -> None:
    """Neither the order of rows nor the size of batches changes the outcome."""
    shuffled = random.sample(sold, len(sold))
    assert outcome(shuffled, events, batches=batches) == outcome(sold, events)
