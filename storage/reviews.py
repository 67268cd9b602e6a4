"""Refund reviews: opened by the program, closed by an operator."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, text, update

from monitor.events.changes import ReviewClosed
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from monitor.guarantee.refund_review import Review, ReviewCause, review_of
from monitor.model.order import Order
from monitor.model.target import Metric
from storage import events
from storage.alert_tables import events as event_table
from storage.chunks import chunks
from storage.column_types import AnySelect
from storage.errors import NotFoundError, WrongStateError
from storage.event_actor import by, last_actor
from storage.schema import orders, refills, reviews, targets
from storage.sold_filter import SoldFilter, with_orders
from storage.sums import DELIVERED_UNITS, total


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One review."""

    review_id: int
    order_id: str
    cause: ReviewCause
    refill_id: int | None
    """The refill that was given up, if that is the cause."""
    units: int
    share: Decimal | None
    """Share of the order's price for these units; None if the order has no price."""
    currency: str | None
    opened_at: datetime
    closed_at: datetime | None
    note: str
    """What the operator did."""


class ReviewState(StrEnum):
    """Whether an operator still has to decide."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter(SoldFilter):
    """Which reviews are meant; a field that is None does not filter."""

    cause: ReviewCause | None = None
    state: ReviewState | None = None
    since: datetime | None = None
    """Opened at this time or later."""
    before: datetime | None = None
    """Opened earlier than that."""
    not_refilled: bool = False
    """Only those of whose units some were not refilled since."""


@dataclass(frozen=True, slots=True)
class ReviewListing(ReviewRow):
    """A review with what an operator needs to decide on it."""

    service: str
    provider: str | None
    customer: str | None
    price: Decimal | None
    link: str
    metric: Metric
    refilled: int
    """Units of the order's refills that were completed since the review was opened."""


_CHUNK = 500
"""Ids in one query."""
_v = reviews.c
_OPEN = text("reviews.closed_at IS NULL")
REFILLED = (
    select(total(DELIVERED_UNITS))
    .where(refills.c.order_id == _v.order_id, refills.c.completed_at >= _v.opened_at)
    .scalar_subquery()
)
LISTED = with_orders(
    select(
        reviews,
        orders.c.service,
        orders.c.provider,
        orders.c.customer,
        orders.c.price,
        targets.c.link,
        targets.c.metric,
        REFILLED.label("refilled"),
    ),
    _v.order_id,
)
"""The query of `ReviewListing`."""


def open_review(connection: Connection, review: Review, order: Order, now: datetime) -> Review | None:
    """Open a review; returns it as stored, or None if a short delivery was reviewed before.

    An order has at most one open review, so that no unit is refunded twice: a new review takes over the
    units of the open one, which is closed.
    """
    if review.refill_id is None and connection.execute(_short_of(review)).first() is not None:
        return None
    before = connection.execute(_open_of(review)).one_or_none()
    if before is not None:
        close(connection, before.review_id, "taken over by the next review", now)
        review = review_of(order, review.cause, max(review.units, before.units), review.refill_id)
    connection.execute(insert(reviews), {**asdict(review), "opened_at": now})
    return review


def close(connection: Connection, review_id: int, note: str, now: datetime) -> None:
    """Close a review with a note; raises NotFoundError, or WrongStateError if it is closed already."""
    if _closed(connection, _v.review_id == review_id, note, now):
        return
    query = select(_v.order_id, _v.closed_at).where(_v.review_id == review_id)
    closed = connection.execute(query).one_or_none()
    if closed is None:
        raise NotFoundError(f"there is no review {review_id}")
    at_once = event_table.c.at == closed.closed_at
    who = by(last_actor(connection, closed.order_id, [EventKind.REVIEW_CLOSED], at_once))
    raise WrongStateError(f"review {review_id} is closed already{who}")


def close_given_up(connection: Connection, refill_id: int, now: datetime) -> None:
    """Close the open review of a given-up refill of an order: its units are queued again, as this refill."""
    order_id = select(refills.c.order_id).where(refills.c.refill_id == refill_id).scalar_subquery()
    given_up = _v.cause == ReviewCause.REFILL_GIVEN_UP
    _closed(
        connection,
        and_(_v.order_id == order_id, given_up),
        f"refill {refill_id} is queued for these units",
        now,
    )


def _closed(connection: Connection, which: ColumnElement[bool], note: str, now: datetime) -> bool:
    """Close the one review that is meant, if it is open; False if it is not."""
    change = update(reviews).where(which, _OPEN).values(closed_at=now, note=note)
    found = connection.execute(change.returning(_v.review_id, _v.order_id)).one_or_none()
    if found is None:
        return False
    event = Event(EventKind.REVIEW_CLOSED, ReviewClosed(found.review_id, note), Subject(found.order_id))
    events.add(connection, event, now)
    return True


def of_order(connection: Connection, order_id: str) -> list[ReviewRow]:
    """All reviews of an order, oldest first."""
    query = select(reviews).where(_v.order_id == order_id).order_by(_v.review_id)
    return [ReviewRow(**row._asdict()) for row in connection.execute(query)]


def open_by_cause(connection: Connection) -> dict[ReviewCause, int]:
    """Numbers of the open reviews."""
    query = select(_v.cause, func.count()).where(_OPEN).group_by(_v.cause)
    return dict.fromkeys(ReviewCause, 0) | dict(connection.execute(query).all())


def named(connection: Connection, review_ids: Sequence[int]) -> list[ReviewListing]:
    """The reviews with these ids, open or closed, in the order of their ids; unknown ids are skipped."""
    query = LISTED.order_by(_v.review_id)
    parts = chunks(sorted(set(review_ids)))
    found = (connection.execute(query.where(_v.review_id.in_(part))).all() for part in parts)
    return [ReviewListing(**row._asdict()) for rows in found for row in rows]


def orders_of(connection: Connection, review_ids: Sequence[int]) -> dict[str, str]:
    """The orders of reviews, by their ids."""
    query = select(_v.review_id, _v.order_id).where(_v.review_id.in_(review_ids))
    return {str(review_id): order_id for review_id, order_id in connection.execute(query)}


def _short_of(review: Review) -> AnySelect:
    short = _v.cause == ReviewCause.SHORT_DELIVERY
    return select(_v.review_id).where(short, _v.order_id == review.order_id)


def _open_of(review: Review) -> AnySelect:
    return select(_v.review_id, _v.units).where(_v.order_id == review.order_id, _OPEN)
