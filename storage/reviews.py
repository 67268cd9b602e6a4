"""Refund reviews: questions to the operator, opened by the program and closed by a person."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text, update

from monitor.review import Review, ReviewCause
from storage.columns import AnyRow, AnySelect
from storage.errors import NotFoundError, WrongStateError
from storage.schema import orders, refills, reviews, targets

_v = reviews.c
_OPEN = text("reviews.closed_at IS NULL")
_REFILLED = (
    select(func.coalesce(func.sum(func.coalesce(refills.c.delivered, refills.c.quantity)), 0))
    .where(refills.c.order_id == _v.order_id, refills.c.completed_at.is_not(None))
    .scalar_subquery()
)
_LIST = (
    select(
        reviews,
        orders.c.service,
        orders.c.provider,
        orders.c.customer,
        orders.c.price,
        targets.c.link,
        targets.c.metric,
        _REFILLED.label("refilled"),
    )
    .join(orders, orders.c.order_id == _v.order_id)
    .join(targets, targets.c.target_id == orders.c.target_id)
    .order_by(_v.review_id.desc())
)
_SHORT = select(_v.review_id).where(_v.cause == ReviewCause.SHORT_DELIVERY)


def open_review(connection: Connection, review: Review, now: datetime) -> bool:
    """Open a review; False where the same thing was reviewed, or is open, already."""
    if connection.execute(_same(review)).first() is not None:
        return False
    connection.execute(
        insert(reviews),
        {
            "order_id": review.order_id,
            "cause": review.cause,
            "refill_id": review.refill_id,
            "units": review.units,
            "share": review.share,
            "currency": review.currency,
            "opened_at": now,
        },
    )
    return True


def close(connection: Connection, review_id: int, note: str, now: datetime) -> None:
    """Close a review with what was done; raises NotFoundError, or WrongStateError when it is closed."""
    change = update(reviews).where(_v.review_id == review_id, _OPEN).values(closed_at=now, note=note)
    if connection.execute(change).rowcount:
        return
    if connection.execute(select(_v.review_id).where(_v.review_id == review_id)).first() is None:
        raise NotFoundError(f"there is no review {review_id}")
    raise WrongStateError(f"review {review_id} is closed already")


def close_of_refill(connection: Connection, refill_id: int, note: str, now: datetime) -> None:
    """Close the open review of a refill that is not given up any more."""
    connection.execute(
        update(reviews).where(_v.refill_id == refill_id, _OPEN).values(closed_at=now, note=note)
    )


def of_order(connection: Connection, order_id: str) -> list[AnyRow]:
    """All reviews of an order, oldest first."""
    return list(connection.execute(select(reviews).where(_v.order_id == order_id).order_by(_v.review_id)))


def listed(connection: Connection, *, open_only: bool, limit: int) -> list[AnyRow]:
    """Reviews with their orders and the units refilled since the sale, newest first."""
    query = _LIST.where(_OPEN) if open_only else _LIST
    return list(connection.execute(query.limit(limit)))


def _same(review: Review) -> AnySelect:
    if review.refill_id is None:
        return _SHORT.where(_v.order_id == review.order_id)
    return select(_v.review_id).where(_v.refill_id == review.refill_id, _OPEN)
