"""Gathering: everything that the database knows of one order, read in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import Answer
from monitor.model.order_state import OrderState
from refilld.services.refill_requests import answer_from
from refilld.timeline.event import TimelineLook
from refilld.timeline.expected_look import expected_look
from storage import drops, flags, order_states, orders, refills, requests, reviews, snapshots, targets
from storage.column_types import AnyRow
from storage.engine import Transaction

LOOKS = 100_000
"""Looks that a story is told from: 11 years of hourly ones."""
REFILLS = 1_000


@dataclass(frozen=True, slots=True)
class Timeline:
    """One order with all that has happened to it, as rows; the rows of each kind oldest first."""

    now: datetime
    order: AnyRow
    target: TargetState
    next_look: datetime | None
    """When the target is to be looked at next; None when that cannot be told, or never."""
    due_reason: str
    """Why then."""
    mine: OrderState
    group: tuple[OrderState, ...]
    """All orders of the target, this one among them."""
    answer: Answer
    """What a customer who asked now would be told, from the newest count."""
    looks: tuple[TimelineLook, ...]
    """The newest looks since the order was delivered or imported, whichever was first."""
    looks_left_out: int
    """Looks of that time which are older than these."""
    drops: tuple[AnyRow, ...]
    decisions: tuple[AnyRow, ...]
    refills: tuple[AnyRow, ...]
    refill_events: Mapping[int, tuple[AnyRow, ...]]
    requests: tuple[AnyRow, ...]
    reviews: tuple[AnyRow, ...]
    flags: tuple[AnyRow, ...]
    """The flags that are set now, on any order of the target, with the time since when."""


def load(tx: Transaction, order_id: str, now: datetime) -> Timeline:
    """Read an order's story; raises NotFoundError."""
    row = orders.get(tx, order_id)
    target = targets.get(tx, row.target_id)
    next_look, why = expected_look(tx, target, now)
    group = order_states.of_target(tx, row.target_id)
    mine = next(w for w in group if w.order.order_id == order_id)
    start = min(row.imported_at, row.completed_at or row.imported_at)
    looks = snapshots.since(tx, row.target_id, start, LOOKS)
    fills = refills.listed(tx, order_id=order_id, limit=REFILLS)
    return Timeline(
        now=now,
        order=row,
        target=target,
        next_look=next_look,
        due_reason=why,
        mine=mine,
        group=group,
        answer=answer_from(tx, target, group, order_id, now),
        looks=tuple(map(_look, reversed(looks))),
        looks_left_out=snapshots.number_since(tx, row.target_id, start) - len(looks),
        drops=tuple(drops.of_order(tx, order_id)),
        decisions=tuple(drops.decisions_of(tx, order_id)),
        refills=tuple(reversed(fills)),
        refill_events={fill.refill_id: tuple(refills.events_of(tx, fill.refill_id)) for fill in fills},
        requests=tuple(requests.of_order(tx, order_id)),
        reviews=tuple(reviews.of_order(tx, order_id)),
        flags=tuple(flags.of_target(tx, row.target_id)),
    )


def _look(row: AnyRow) -> TimelineLook:
    values = row._mapping  # noqa: SLF001 - `row.count` is the tuple's method to a type checker
    return TimelineLook(row.at, row.outcome, values["count"], row.source, row.count_kind, row.detail)
