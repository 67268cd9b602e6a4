"""Loading a timeline: all that is stored about one order, read in one transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from monitor.evaluation.target_state import TargetState
from monitor.guarantee.customer_answers import Answer
from monitor.model.order_state import OrderState
from refilld.services.look_obstacle import EnabledSources, find_obstacle
from refilld.services.refill_requests import answer_from
from refilld.timeline.event import TimelineLook
from refilld.timeline.expected_look import expected_look
from storage import (
    drops,
    flags,
    mass_drops,
    order_corrections,
    order_states,
    orders,
    refills,
    requests,
    reviews,
    snapshots,
    targets,
)
from storage.drops import DecisionRow, DropRow
from storage.engine import Transaction
from storage.flags import FlagRow
from storage.mass_drops import MassDropRow
from storage.order_corrections import CorrectionRow
from storage.orders import StoredOrder
from storage.refills import RefillEventRow, RefillRow
from storage.requests import RequestRow
from storage.reviews import ReviewRow
from storage.snapshots import SnapshotRow

LOOKS = 100_000
"""Looks that are loaded, at most: 11 years of hourly ones."""
REFILLS = 1_000
MASS_DROPS = 100


@dataclass(frozen=True, slots=True)
class Thinning:
    """How few looks are enough, to be drawn."""

    parts: int
    """Of the time; each has up to six looks that stand for the others."""
    start: datetime | None = None
    """The time from which on looks are wanted; None for all."""
    end: datetime | None = None


WantedLooks: TypeAlias = Thinning | int
"""Which looks are loaded: thinned ones, or the newest, at most so many."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One order with the rows about it, the rows of each kind oldest first."""

    now: datetime
    order: StoredOrder
    target: TargetState
    next_look: datetime | None
    """When the next look is expected; None if it cannot be predicted, or never comes."""
    due_reason: str
    """Why the next look is then."""
    mine: OrderState
    group: tuple[OrderState, ...]
    """All orders of the target, including this one."""
    answer: Answer
    """The answer to a request of the customer now, from the newest count."""
    looks: tuple[TimelineLook, ...]
    """The newest looks since the order was delivered or imported, whichever came first."""
    looks_left_out: int
    """Number of older looks in that time."""
    looks_thinned: int
    """Number of looks in between that others stand for."""
    drops: tuple[DropRow, ...]
    decisions: tuple[DecisionRow, ...]
    refills: tuple[RefillRow, ...]
    refill_events: Mapping[int, tuple[RefillEventRow, ...]]
    """By refill id."""
    requests: tuple[RequestRow, ...]
    reviews: tuple[ReviewRow, ...]
    corrections: tuple[CorrectionRow, ...]
    flags: tuple[FlagRow, ...]
    """The flags that are set now on any order of the target."""
    mass_drops: tuple[MassDropRow, ...] = ()
    """The mass drops of the metric since the order was delivered or imported."""

    @property
    def own_flags(self) -> tuple[FlagRow, ...]:
        """The flags that are set now on this order."""
        return tuple(row for row in self.flags if row.order_id == self.order.order_id)


def load(
    tx: Transaction,
    order_id: str,
    now: datetime,
    enabled: EnabledSources | None = None,
    wanted: WantedLooks | None = None,
) -> Timeline:
    """Load the timeline of an order; raises NotFoundError. Without `enabled` no source has an obstacle."""
    stored = orders.get(tx, order_id)
    target = targets.get(tx, stored.target_id)
    group = order_states.of_target(tx, stored.target_id)
    obstacle = None if enabled is None else find_obstacle(tx, target, group, order_id, enabled, now)
    next_look, due_reason = expected_look(tx, target, now, obstacle)
    mine = next(state for state in group if state.order.order_id == order_id)
    start = min(stored.imported_at, stored.order.completed_at or stored.imported_at)
    looks, left_out, thinned = _looks(tx, stored.target_id, start, now, wanted or LOOKS)
    found = refills.listed(tx, order_id=order_id, limit=REFILLS)
    return Timeline(
        now=now,
        order=stored,
        target=target,
        next_look=next_look,
        due_reason=due_reason,
        mine=mine,
        group=group,
        answer=answer_from(tx, target, group, order_id, now, obstacle),
        looks=tuple(map(_look, reversed(looks))),
        looks_left_out=left_out,
        looks_thinned=thinned,
        drops=tuple(drops.of_order(tx, order_id)),
        decisions=tuple(drops.decisions_of(tx, order_id)),
        refills=tuple(reversed(found)),
        refill_events=_refill_events(tx, found),
        requests=tuple(requests.of_order(tx, order_id)),
        reviews=tuple(reviews.of_order(tx, order_id)),
        corrections=tuple(order_corrections.of_order(tx, order_id)),
        flags=tuple(flags.of_target(tx, stored.target_id)),
        mass_drops=tuple(mass_drops.since(tx, stored.order.target.metric, start, MASS_DROPS)),
    )


def _looks(
    tx: Transaction, target_id: int, start: datetime, now: datetime, wanted: WantedLooks
) -> tuple[list[SnapshotRow], int, int]:
    """The looks of a target, newest first: thinned, or at most so many.

    Also how many older ones there are, and how many others between.
    """
    number = snapshots.number_since(tx, target_id, start)
    if isinstance(wanted, int) or number <= wanted.parts:
        rows = snapshots.since(tx, target_id, start, wanted if isinstance(wanted, int) else LOOKS)
        return rows, number - len(rows), 0
    first, last = max(wanted.start or start, start), wanted.end or now
    rows = snapshots.thinned(tx, target_id, first, last, wanted.parts)
    return rows, 0, number - len(rows)


def _refill_events(tx: Transaction, rows: Sequence[RefillRow]) -> dict[int, tuple[RefillEventRow, ...]]:
    """The events of these refills, by refill id."""
    found: defaultdict[int, list[RefillEventRow]] = defaultdict(list)
    for event in refills.events_of(tx, *(row.refill_id for row in rows)):
        found[event.refill_id].append(event)
    return {row.refill_id: tuple(found[row.refill_id]) for row in rows}


def _look(row: SnapshotRow) -> TimelineLook:
    return TimelineLook(
        row.at, row.outcome, row.count, row.source, row.count_kind, row.detail, row.count_offset
    )
