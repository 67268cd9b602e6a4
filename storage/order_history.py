"""Histories: the orders, drops, refills and decisions of every target, for backtests."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import Order
from monitor.model.refill import RefillState
from monitor.model.target import Target
from storage.order_states import JOINED, order_of
from storage.schema import decisions, drops, orders, refill_events, refills

_ENDED = (RefillState.CANCELLED, RefillState.REJECTED, RefillState.DEAD)


@dataclass(frozen=True, slots=True)
class PastDrop:
    """One drop."""

    order_id: str
    state: DropState
    """The state it has now."""
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PastRefill:
    """One refill."""

    order_id: str
    quantity: int
    state: RefillState
    created_at: datetime
    completed_at: datetime | None
    delivered: int | None
    ended_at: datetime | None
    """When it was cancelled, rejected or given up; None otherwise."""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One decision."""

    order_id: str
    at: datetime
    action: Action
    reason: Reason
    quantity: int


@dataclass(slots=True)
class History:
    """A target with its orders, drops, refills and decisions, each in order of time."""

    target: Target
    orders: list[Order] = field(default_factory=list)
    drops: list[PastDrop] = field(default_factory=list)
    refills: list[PastRefill] = field(default_factory=list)
    decisions: list[PastDecision] = field(default_factory=list)


def histories(connection: Connection) -> Iterator[History]:
    """The histories of all targets that have orders; the whole result is kept in memory."""
    by_target: dict[int, History] = {}
    by_order: dict[str, History] = {}
    for row in connection.execute(JOINED.order_by(orders.c.completed_at, orders.c.order_id)):
        order = order_of(row)
        history = by_target.setdefault(row.target_id, History(order.target))
        history.orders.append(order)
        by_order[order.order_id] = history
    for row in connection.execute(select(drops).order_by(drops.c.opened_at, drops.c.drop_id)):
        by_order[row.order_id].drops.append(PastDrop(row.order_id, row.state, row.opened_at, row.closed_at))
    for refill in _refills(connection):
        by_order[refill.order_id].refills.append(refill)
    for row in connection.execute(select(decisions).order_by(decisions.c.at, decisions.c.decision_id)):
        by_order[row.order_id].decisions.append(
            PastDecision(row.order_id, row.at, row.decision, row.reason, row.quantity)
        )
    yield from by_target.values()


def _refills(connection: Connection) -> Iterator[PastRefill]:
    ended: defaultdict[int, datetime | None] = defaultdict(lambda: None)
    query = select(refill_events).where(refill_events.c.state.in_(_ENDED)).order_by(refill_events.c.event_id)
    for row in connection.execute(query):
        ended[row.refill_id] = row.at
    for row in connection.execute(select(refills).order_by(refills.c.refill_id)):
        yield PastRefill(
            order_id=row.order_id,
            quantity=row.quantity,
            state=row.state,
            created_at=row.created_at,
            completed_at=row.completed_at,
            delivered=row.delivered,
            ended_at=ended[row.refill_id] if row.state in _ENDED else None,
        )
