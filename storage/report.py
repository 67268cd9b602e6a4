"""Sums for the report: drops, refills, reviews, and requests of customers.

Each query reads its tables once and returns sums, so its cost is that of drops, refills and orders, never of
snapshots. Amounts are not summed here, because they are stored as text: rows are grouped by price instead.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, and_, case, exists, func, or_, select, text

from monitor.guarantee.refund_review import ReviewCause
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from monitor.model.target import Metric
from storage.schema import OPEN_REFILL, drops, orders, refills, requests, reviews, targets
from storage.sums import DELIVERED_UNITS, number_of, total

_o = orders.c
_d = drops.c
_r = refills.c
_v = reviews.c
_q = requests.c
_newer = refills.alias().c
_REPLACED = exists().where(_newer.order_id == _r.order_id, _newer.number > _r.number)
"""Whether the order has a later refill: its decision counted the units of a dead one as missing."""


@dataclass(frozen=True, slots=True)
class DropSums:
    """Drops of a period, of one metric, service and provider."""

    metric: Metric
    service: str
    provider: str | None
    opened: int
    confirmed: int
    recovered: int
    missing: int
    """Units that were missing at the newest judged counts of the drops confirmed in the period."""


@dataclass(frozen=True, slots=True)
class RefillSums:
    """Refills of one state, reason and metric, whose orders have the same price and quantity."""

    state: RefillState
    reason: Reason
    metric: Metric
    price: Decimal | None
    currency: str | None
    ordered: int
    """Quantity of each of the orders, for which the price was paid."""
    refills: int
    units: int
    """Delivered units of completed refills, else the units owed."""
    created_at: datetime
    """When the oldest of them was created."""
    queued_at: datetime | None
    """When the first of them was queued."""
    release_at: datetime | None
    """When the first hold ends by itself; None if only an operator ends it."""


@dataclass(frozen=True, slots=True)
class ReviewSums:
    """Open reviews of one cause with the same share of a price."""

    cause: ReviewCause
    share: Decimal | None
    currency: str | None
    reviews: int
    units: int
    opened_at: datetime
    """When the oldest of them was opened."""


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """An order whose customer waits for an answer."""

    order_id: str
    customer: str | None
    service: str
    asked_at: datetime
    """Time of the oldest request that is not answered."""


def any_order(connection: Connection) -> bool:
    """Whether any order was imported."""
    return connection.execute(select(_o.order_id).limit(1)).first() is not None


def drop_sums(connection: Connection, since: datetime) -> list[DropSums]:
    """Sums of the drops that were opened, were confirmed or have recovered since a time."""
    opened, confirmed = _d.opened_at >= since, _d.confirmed_at >= since
    recovered = and_(_d.state == DropState.RECOVERED, _d.closed_at >= since)
    group = targets.c.metric, _o.service, _o.provider
    sums = [
        number_of(opened),
        number_of(confirmed),
        number_of(recovered),
        total(case((confirmed, _d.claim), else_=0)),
    ]
    query = (
        select(*group, *sums)
        .select_from(drops)
        .join(orders, _o.order_id == _d.order_id)
        .join(targets, targets.c.target_id == _o.target_id)
        .where(or_(opened, confirmed, recovered))
        .group_by(*group)
    )
    return [DropSums(*row) for row in connection.execute(query)]


def refill_sums(connection: Connection, since: datetime) -> list[RefillSums]:
    """Sums of the open refills, of the dead ones that none replaced, and of those completed since a time."""
    dead = and_(_r.state == RefillState.DEAD, ~_REPLACED)
    shown = or_(text(f"refills.{OPEN_REFILL}"), dead, _r.completed_at >= since)
    group = _r.state, _r.reason, _r.metric, _o.price, _o.currency, _o.quantity
    times = func.min(_r.created_at), func.min(_r.queued_at), func.min(_r.release_at)
    query = (
        select(*group, func.count(), total(DELIVERED_UNITS), *times)
        .select_from(refills)
        .join(orders, _o.order_id == _r.order_id)
        .where(shown)
        .group_by(*group)
    )
    return [RefillSums(*row) for row in connection.execute(query)]


def review_sums(connection: Connection) -> list[ReviewSums]:
    """Sums of the open refund reviews."""
    group = _v.cause, _v.share, _v.currency
    query = (
        select(*group, func.count(), total(_v.units), func.min(_v.opened_at))
        .where(text("reviews.closed_at IS NULL"))
        .group_by(*group)
    )
    return [ReviewSums(*row) for row in connection.execute(query)]


def waiting_requests(connection: Connection, limit: int) -> tuple[int, list[WaitingRequest]]:
    """Number of orders whose customers wait for an answer, and those that wait longest."""
    asked_at = func.min(_q.at).label("asked_at")
    query = (
        select(_o.order_id, _o.customer, _o.service, asked_at, func.count().over())
        .select_from(requests)
        .join(orders, _o.order_id == _q.order_id)
        .where(text("requests.answered_at IS NULL"))
        .group_by(_o.order_id, _o.customer, _o.service)
        .order_by(asked_at, _o.order_id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return (rows[0][-1] if rows else 0), [WaitingRequest(*row[:-1]) for row in rows]
