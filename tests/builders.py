"""Builders of standard values: each returns a valid value, and a test names only the relevant fields.

The standard order: 1000 followers of the profile `natgeo`, which had 1000 before, completed at START under
the default terms. Its line is 2000, its floor 1000, and its guarantee runs from START for 30 days.
NOW is within that time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.events.event import Earlier, Event, Subject
from monitor.events.kind import EventKind
from monitor.guarantee.claims import Claim
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.link import Link, LinkKind
from monitor.model.order import Flag, Order, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.target import Metric, Target
from monitor.model.terms import Terms

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta.resolution
"""The shortest step of time."""
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The standard order is completed at this time."""
NOW = START + 10 * DAY

_TERMS = frozenset(field.name for field in fields(Terms))


# Targets


def utc(text: str) -> datetime:
    """A time that is written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_profile(name: str = "natgeo") -> Target:
    return Target(Link(LinkKind.PROFILE, name), Metric.FOLLOWERS)


def a_post(code: str = "C0deAAAAAAA", metric: Metric = Metric.LIKES, owner: str | None = None) -> Target:
    return Target(Link(LinkKind.POST, code), metric, owner)


# Orders


def an_order(order_id: str = "1", profile: str = "natgeo", **changes: Any) -> Order:
    """Give the standard order with changes: each names a field of Order, a field of Terms, or `delivered`.

    `delivered` sets the quantity to `remains` plus this number; `window=DAY` changes this field of the
    terms, and `terms=...` replaces them all.
    """
    terms = {name: changes.pop(name) for name in _TERMS & set(changes)}
    if "delivered" in changes:
        changes["quantity"] = changes.pop("delivered") + changes.get("remains", 0)
    standard = Order(
        order_id=order_id,
        service="followers",
        target=a_profile(profile),
        quantity=1000,
        status=OrderStatus.COMPLETED,
        terms=replace(changes.pop("terms", Terms()), **terms),
        completed_at=START,
        start_count=1000,
        link_typed=f"@{profile}",
    )
    return replace(standard, **changes)


def a_pending_order(order_id: str = "1", profile: str = "natgeo", **changes: Any) -> Order:
    return an_order(order_id, profile, **{"status": OrderStatus.PENDING, "completed_at": None} | changes)


def an_order_state(
    order: Order | None = None,
    *,
    flags: Iterable[Flag] = (),
    drop: Drop | None = None,
    refills: Sequence[Refill] = (),
    request_pending: bool = False,
) -> OrderState:
    """Give the state of the standard order, or of another one; with a start count it has been counted."""
    order = order or an_order()
    if order.start_count is not None and order.counted_at is None:
        order = replace(order, counted_at=order.completed_at)
    return OrderState(order, frozenset(flags), drop, tuple(refills), request_pending)


# Looks


def a_look(count: int = 1700, at: datetime = NOW, target: Target | None = None, **changes: Any) -> Snapshot:
    """Give the snapshot of a look that read a count: by default 300 less than the standard order's line."""
    snapshot = Snapshot(target or a_profile(), at, Outcome.COUNT, "simulated", count, "follower_count")
    return replace(snapshot, **changes)


def a_failed_look(
    outcome: Outcome, at: datetime = NOW, target: Target | None = None, **changes: Any
) -> Snapshot:
    return replace(Snapshot(target or a_profile(), at, outcome, "simulated"), **changes)


# Results of a look


def a_claim(order_id: str = "1", units: int = 300, **changes: Any) -> Claim:
    """Give a claim of the standard order: so many units are missing below its line."""
    return replace(Claim(order_id, line=2000, floor=1000, effective=2000 - units, units=units), **changes)


def a_drop(order_id: str = "1", state: DropState = DropState.SUSPECTED, **changes: Any) -> Drop:
    """Give a drop that was opened at NOW by one look."""
    return replace(Drop(order_id, state, opened_at=NOW), **changes)


REASON_OF = {
    Action.REFILL: Reason.DROP_CONFIRMED,
    Action.HOLD: Reason.BELOW_START_COUNT,
    Action.WAIT: Reason.COOLDOWN,
    Action.REFUSE: Reason.REFILL_LIMIT_REACHED,
}
"""A reason that goes with each action."""


def a_decision(order_id: str = "1", action: Action = Action.REFILL, **changes: Any) -> Decision:
    """Give a decision at NOW on a claim of 300 units, with a reason that goes with the action."""
    units = 300 if action in {Action.REFILL, Action.HOLD} else 0
    standard = Decision(order_id, NOW, action, REASON_OF[action], units, count=1700, line=2000, claim=300)
    return replace(standard, **changes)


def a_refill(quantity: int = 100, state: RefillState = RefillState.QUEUED, **changes: Any) -> Refill:
    return replace(Refill("1", quantity, state), **changes)


def a_completed_refill(quantity: int, at: datetime, delivered: int | None = None) -> Refill:
    return a_refill(quantity, RefillState.COMPLETED, completed_at=at, delivered=delivered)


def an_event(kind: EventKind, text: str, order_id: str | None = None, link: str | None = None) -> Event:
    """An event with a given text."""
    return Event(kind, Earlier(text), Subject(order_id, link=link))
