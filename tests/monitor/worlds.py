"""Small worlds for the tests of the arithmetic: factories, strategies, and RULES 3 once more, unit by unit.

The naive half shares nothing with `monitor` but its value classes' fields; it is written from the
text of docs/rules.md, and slow on purpose.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from monitor.guarantee.claims import Claim
from monitor.guarantee.series import Series, admit
from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.drop import Drop, DropState
from monitor.model.link import Link, LinkKind
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The standard order is completed here."""
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta.resolution
NOW = START + 10 * DAY
"""A day in the middle of the standard guarantee."""

PROFILE = Target(Link(LinkKind.PROFILE, "natgeo"), Metric.FOLLOWERS)
EFFORT = int(os.environ.get("EFFORT", "1"))
"""Multiplies the examples of every property; 1 is the quick profile."""


def examples(number: int, *, steps: int = 50) -> settings:
    return settings(max_examples=number * EFFORT, stateful_step_count=steps, deadline=None)


# Factories: the standard order had 1000, delivered 1000, and is judged with default terms.


def an_order(
    order_id: str = "1",
    *,
    start: int | None = 1000,
    delivered: int = 1000,
    completed: datetime | None = START,
    status: OrderStatus = OrderStatus.COMPLETED,
    remains: int = 0,
    **terms: object,
) -> Order:
    return Order(
        order_id=order_id,
        service="1",
        target=PROFILE,
        quantity=delivered + remains,
        status=status,
        terms=replace(Terms(), **terms),
        remains=remains,
        completed_at=completed,
        start_count=start,
    )


def a_watched(
    order: Order | None = None,
    *,
    flags: Sequence[Flag] = (),
    drop: Drop | None = None,
    refills: Sequence[Refill] = (),
    request_pending: bool = False,
) -> OrderState:
    return OrderState(order or an_order(), frozenset(flags), drop, tuple(refills), request_pending)


def a_drop(opened: datetime = NOW, state: DropState = DropState.SUSPECTED, looks: int = 1) -> Drop:
    return Drop("1", state, opened_at=opened, looks=looks)


def a_refill(
    quantity: int = 100,
    state: RefillState = RefillState.QUEUED,
    completed: datetime | None = None,
    delivered: int | None = None,
) -> Refill:
    return Refill("1", quantity, state, completed, delivered)


def completed_refill(quantity: int, at: datetime, delivered: int | None = None) -> Refill:
    return a_refill(quantity, RefillState.COMPLETED, at, delivered)


def a_look(count: int, at: datetime = NOW, count_kind: str = "follower_count") -> Snapshot:
    return Snapshot(PROFILE, at, Outcome.COUNT, "simulated", count, count_kind)


def a_failed_look(outcome: Outcome, at: datetime = NOW) -> Snapshot:
    return Snapshot(PROFILE, at, outcome, "simulated")


# Whoever keeps the state, in miniature: what judge() hands back is written down like this.


def settle_down(state: OrderState, verdict: Verdict) -> OrderState:
    """Write one verdict down: start count, open drop, new refill, answered request."""
    order, drop, refills = state.order, state.drop, state.refills
    if verdict.start_count is not None:
        order = replace(order, start_count=verdict.start_count, start_measured=True)
    if verdict.drop is not None:
        drop = verdict.drop if verdict.drop.state.open else None
    if verdict.decision is not None and verdict.decision.quantity:
        queued = RefillState.HELD if verdict.decision.action == "hold" else RefillState.QUEUED
        refills = (*refills, Refill(order.order_id, verdict.decision.quantity, queued))
    asked = state.request_pending and not verdict.request_answered
    return replace(state, order=order, drop=drop, refills=refills, request_pending=asked)


def play(
    state: OrderState, looks: Sequence[Snapshot], *, mass_drop: bool = False
) -> tuple[list[Verdict], OrderState]:
    """Show looks to one order, as sampling does: only what joins the series is judged."""
    series, verdicts = Series(), []
    for look in looks:
        admitted, series = admit(look, series)
        if admitted.count is None:
            continue
        (verdict,) = evaluate_count([state], admitted.count, admitted.at, mass_drop=mass_drop)
        verdicts.append(verdict)
        state = settle_down(state, verdict)
    return verdicts, state


def units(claims: dict[str, Claim]) -> dict[str, int]:
    return {order_id: claim.units for order_id, claim in claims.items()}


# Strategies: small numbers and few moments, so that edges meet often.

HOURS = st.integers(0, 60).map(lambda hours: START + hours * HOUR)
WINDOWS = st.sampled_from([6 * HOUR, 30 * HOUR, 30 * DAY, None])
SETTLES = st.sampled_from([timedelta(0), HOUR, DAY])
CARRIERS = st.sampled_from([OrderStatus.COMPLETED, OrderStatus.COMPLETED, OrderStatus.PARTIAL])


@st.composite
def refills(draw: st.DrawFn, order_id: str, most: int = 40) -> Refill:
    state = draw(st.sampled_from(RefillState))
    done = state is RefillState.COMPLETED
    quantity = draw(st.integers(1, most))
    return Refill(
        order_id,
        quantity,
        state,
        completed_at=draw(HOURS) if done else None,
        delivered=draw(st.none() | st.integers(0, quantity)) if done else None,
    )


@st.composite
def watched_orders(draw: st.DrawFn, order_id: str) -> OrderState:
    order = an_order(
        order_id,
        start=draw(st.integers(0, 60)),
        delivered=draw(st.integers(1, 30)),
        completed=draw(HOURS),
        status=draw(CARRIERS),
        remains=draw(st.integers(0, 3)),
        window=draw(WINDOWS),
        settle=draw(SETTLES),
        partial_orders=draw(st.booleans()),
    )
    drop = draw(st.none() | st.builds(Drop, st.just(order_id), st.sampled_from(OPEN_STATES), HOURS))
    flags = draw(st.sampled_from([(), (), (), (), (Flag.HOLD,), (Flag.CHARGEBACK,)]))
    return a_watched(order, flags=flags, drop=drop, refills=draw(st.lists(refills(order_id), max_size=2)))


OPEN_STATES = (DropState.SUSPECTED, DropState.WAITING, DropState.REFUSED)


@st.composite
def targets(draw: st.DrawFn) -> list[OrderState]:
    """Draw up to four orders on one target, their ids in no relation to their times."""
    return [draw(watched_orders(str(i))) for i in range(draw(st.integers(1, 4)))]


# RULES 3 once more, from the text alone: each missing unit is one number, and somebody pays for it.


@dataclass(frozen=True)
class Stake:
    """What RULES 3 knows of one active order."""

    order_id: str
    completed_at: datetime
    ends_at: datetime
    baseline: int
    delivered: int
    in_flight: int


def naive_lines(observations: Sequence[Stake]) -> dict[str, int]:
    """line(i) = baseline(i) + sum of delivered(j) over the active orders j after i."""
    in_order = sorted(observations, key=lambda s: (s.completed_at, s.order_id))
    return {
        s.order_id: s.baseline + sum(later.delivered for later in in_order[place + 1 :])
        for place, s in enumerate(in_order)
    }


def naive_claims(observations: Sequence[Stake], effective: int) -> dict[str, int]:
    """Walk from the effective count up to the highest line; each unit is paid by the first who can."""
    lines = naive_lines(observations)
    claims = dict.fromkeys(lines, 0)
    purses = sorted(observations, key=lambda s: (s.ends_at, s.completed_at, s.order_id))
    for unit in range(effective + 1, max(lines.values(), default=0) + 1):
        for payer in purses:
            room = max(0, payer.delivered - payer.in_flight)
            if lines[payer.order_id] >= unit and claims[payer.order_id] < room:
                claims[payer.order_id] += 1
                break
    return claims


def naive_end(order: Order) -> datetime:
    window = order.terms.window
    return datetime.max.replace(tzinfo=UTC) if window is None else order.completed_at + window


def naive_active(state: OrderState, now: datetime) -> bool:
    order, drop = state.order, state.drop
    carries = order.status == "Completed" or (order.status == "Partial" and order.terms.partial_orders)
    if not carries or state.flags or now < order.completed_at + order.terms.settle:
        return False
    if now < naive_end(order):
        return True
    undecided = drop is not None and drop.state in {"suspected", "waiting"}
    return undecided and order.completed_at <= drop.opened_at < naive_end(order)


def naive_in_flight(state: OrderState, now: datetime) -> int:
    flying = 0
    for refill in state.refills:
        if refill.state in {"held", "queued", "claimed"}:
            flying += refill.quantity
        elif refill.state == "completed" and now < refill.completed_at + state.order.terms.settle:
            flying += refill.quantity if refill.delivered is None else refill.delivered
    return flying


def naive_stake(state: OrderState, now: datetime) -> Stake:
    order = state.order
    delivered = order.quantity - order.remains
    return Stake(
        order.order_id,
        order.completed_at,
        naive_end(order),
        order.start_count + delivered,
        delivered,
        naive_in_flight(state, now),
    )
