"""What retention curves are computed from: orders, their looks, and what interrupted their observation.

Read in slices of targets, each through an index, so that no transaction is long.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select

from monitor.model.order import OrderStatus
from monitor.model.snapshot import Outcome
from monitor.model.target import Metric
from monitor.survival.delivered_order import (
    COMPLAINT_LOOKS,
    ArrivedRefill,
    DeliveredOrder,
    Interruptions,
    Pause,
)
from monitor.survival.losses import CountedLook
from storage.column_types import AnyRow
from storage.schema import mass_drops, order_flags, orders, refills, requests, snapshots, targets
from storage.sums import DELIVERED_UNITS
from storage.terms import load_terms

_o, _t, _s = orders.c, targets.c, snapshots.c
_IDS: BindParameter[int] = bindparam("target_ids", expanding=True)
_DELIVERED = _o.completed_at >= bindparam("since"), _o.remains < _o.quantity
_SIZES = (
    select(_t.metric, _o.service, func.coalesce(_o.provider, ""), func.count())
    .join_from(orders, targets, _t.target_id == _o.target_id)
    .where(*_DELIVERED)
    .group_by(_t.metric, _o.service, _o.provider)
)
_NEXT_TARGETS = (
    select(_t.target_id, _t.metric)
    .where(_t.target_id > bindparam("last"))
    .order_by(_t.target_id)
    .limit(bindparam("limit"))
)
_DELIVERIES = [OrderStatus.COMPLETED, OrderStatus.PARTIAL, OrderStatus.PENDING, OrderStatus.IN_PROGRESS]
_ORDERS = select(
    _o.target_id, _o.order_id, _o.service, _o.provider, _o.imported_at, _o.created_at, _o.completed_at,
    _o.quantity, _o.remains, _o.start_count, _o.base_lowered, _o.start_measured, _o.counted_at, _o.terms,
).where(_o.target_id.in_(_IDS), _o.status.in_([*_DELIVERIES, OrderStatus.PROCESSING]))  # fmt: skip
_OF_TARGETS = _o.target_id.in_(_IDS)
_REFILLS = (
    select(_o.target_id, refills.c.queued_at, refills.c.completed_at, DELIVERED_UNITS)
    .join_from(refills, orders, _o.order_id == refills.c.order_id)
    .where(_OF_TARGETS, refills.c.queued_at.is_not(None))
)
_FLAGS: Select[int, datetime] = (
    select(_o.target_id, order_flags.c.set_at)
    .join_from(order_flags, orders, _o.order_id == order_flags.c.order_id)
    .where(_OF_TARGETS)
)
_REQUESTS: Select[int, datetime] = (
    select(_o.target_id, requests.c.at)
    .join_from(requests, orders, _o.order_id == requests.c.order_id)
    .where(_OF_TARGETS)
)
_LOOKS = (
    select(_s.target_id, _s.at, _s.count, _s.count_offset)
    .where(_s.target_id.in_(_IDS), _s.at >= bindparam("since"), _s.outcome == Outcome.COUNT)
    .order_by(_s.target_id, _s.at)
)


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Delivered orders of one metric, service and provider."""

    metric: Metric
    service: str
    provider: str
    """Empty for orders without one."""
    orders: int


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """An order with the names that it is grouped by."""

    service: str
    provider: str
    """Empty without one."""
    order: DeliveredOrder


@dataclass(frozen=True, slots=True)
class PastMassDrop:
    """When a mass drop of a metric was on."""

    metric: Metric
    started_at: datetime
    ended_at: datetime | None
    """None while it is on."""


def group_sizes(connection: Connection, since: datetime) -> list[GroupSize]:
    """The numbers of orders that were delivered since a time; reads all orders once."""
    return [GroupSize(*row) for row in connection.execute(_SIZES, {"since": since})]


def next_targets(connection: Connection, last: int, limit: int) -> list[tuple[int, Metric]]:
    """The targets after an id, in the order of their ids."""
    return [(row[0], row[1]) for row in connection.execute(_NEXT_TARGETS, {"last": last, "limit": limit})]


def orders_of(connection: Connection, target_ids: Sequence[int]) -> dict[int, list[SoldOrder]]:
    """The orders of targets that were delivered, or are still to be delivered."""
    found: defaultdict[int, list[SoldOrder]] = defaultdict(list)
    for row in connection.execute(_ORDERS, {"target_ids": target_ids}):
        found[row.target_id].append(SoldOrder(row.service, row.provider or "", _delivered(row)))
    return found


def looks_at(
    connection: Connection, target_ids: Sequence[int], since: datetime
) -> dict[int, list[CountedLook]]:
    """The counts of targets since a time, in order of time."""
    found: defaultdict[int, list[CountedLook]] = defaultdict(list)
    for target_id, at, count, offset in connection.execute(
        _LOOKS, {"target_ids": target_ids, "since": since}
    ):
        found[target_id].append(CountedLook(at, count + offset))
    return found


def interruptions_of(connection: Connection, target_ids: Sequence[int]) -> dict[int, Interruptions]:
    """Queued refills, flags and requests of the orders of targets."""
    ends: defaultdict[int, list[datetime]] = defaultdict(list)
    _collect(connection, _FLAGS, target_ids, ends)
    arrived: defaultdict[int, list[ArrivedRefill]] = defaultdict(list)
    for target_id, queued_at, completed_at, units in connection.execute(_REFILLS, {"target_ids": target_ids}):
        if completed_at is None:
            ends[target_id].append(queued_at)
        else:
            arrived[target_id].append(ArrivedRefill(queued_at, completed_at, units))
    asked: defaultdict[int, list[datetime]] = defaultdict(list)
    _collect(connection, _REQUESTS, target_ids, asked)
    return {
        one: Interruptions(
            tuple(ends[one]), tuple(arrived[one]), tuple(Pause(at, at + COMPLAINT_LOOKS) for at in asked[one])
        )
        for one in target_ids
    }


def past_mass_drops(connection: Connection) -> list[PastMassDrop]:
    """All mass drops."""
    _m = mass_drops.c
    return [PastMassDrop(*row) for row in connection.execute(select(_m.metric, _m.started_at, _m.ended_at))]


def _collect(
    connection: Connection,
    query: Select[int, datetime],
    target_ids: Iterable[int],
    into: defaultdict[int, list[datetime]],
) -> None:
    for target_id, at in connection.execute(query, {"target_ids": target_ids}):
        into[target_id].append(at)


def _delivered(row: AnyRow) -> DeliveredOrder:
    delivered = row.quantity - row.remains
    base = None if row.start_count is None else row.start_count - row.base_lowered
    return DeliveredOrder(
        row.order_id,
        row.imported_at,
        row.created_at,
        row.completed_at,
        delivered,
        None if base is None else base + delivered,
        row.counted_at if row.start_measured else None,
        load_terms(row.terms).settle,
    )
