"""Refill requests of customers, and whether they are answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, update

from monitor.events.changes import refill_requested
from monitor.model.refill import RefillState
from storage import events
from storage.schema import refills, requests

_q = requests.c
_GRANTED = select(func.max(_q.at)).where(_q.order_id == bindparam("order_id"), _q.granted)
_NEWEST = select(func.max(_q.request_id)).where(_q.order_id == bindparam("order_id"))
_OWN = refills.alias("own_refill").c
_STOOD = (
    # a look that began before the request may answer it, with its own time
    _OWN.created_at >= case((_q.answered_at < _q.at, _q.answered_at), else_=_q.at),
    or_(_q.answered_at.is_(None), _OWN.created_at <= _q.answered_at),
)
_REFILL = select(func.min(_OWN.refill_id)).where(_OWN.order_id == _q.order_id, *_STOOD)
_RESULTS = (
    select(requests, refills.c.state)
    .outerjoin_from(requests, refills, refills.c.refill_id == _REFILL.correlate(requests).scalar_subquery())
    .where(_q.request_id.in_(bindparam("ids", expanding=True)))
)
_ANSWER = update(requests).where(_q.order_id == bindparam("order"), _q.answered_at.is_(None))


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request of a customer."""

    request_id: int
    order_id: str
    at: datetime
    answered_at: datetime | None
    """None while the request stands."""
    granted: bool
    """Whether a look was scheduled for it."""


@dataclass(frozen=True, slots=True)
class RequestResult:
    """One request and what has become of it."""

    request: RequestRow
    refill: RefillState | None
    """State of the refill that was decided while it stood; None without one."""


def ask(
    connection: Connection, order_id: str, now: datetime, *, granted: bool = True, looked: bool = True
) -> None:
    """Record a request, whether it is granted, and an event that says whether a look follows.

    Not `looked`: the request is granted, but no guarantee is in force, so there is nothing to look for.
    """
    connection.execute(insert(requests), {"order_id": order_id, "at": now, "granted": granted})
    events.add(connection, refill_requested(order_id, granted=granted and looked), now)


def newest_id(connection: Connection, order_id: str) -> int:
    """The id of the newest request about an order, which must have one."""
    newest: int = connection.execute(_NEWEST, {"order_id": order_id}).scalar_one()
    return newest


def last_granted(connection: Connection, order_id: str) -> datetime | None:
    """Time of the newest request for which a look was granted; None if there is none."""
    asked: datetime | None = connection.execute(_GRANTED, {"order_id": order_id}).scalar()
    return asked


def answered(connection: Connection, order_id: str, now: datetime) -> None:
    """Mark the standing requests of an order as answered."""
    connection.execute(_ANSWER.values(answered_at=now), {"order": order_id})


def results(connection: Connection, request_ids: Sequence[int]) -> dict[int, RequestResult]:
    """What has become of these requests, by id; unknown ids are skipped."""
    rows = connection.execute(_RESULTS, {"ids": request_ids})
    return {row.request_id: RequestResult(RequestRow(*row[:-1]), row.state) for row in rows}


def of_order(connection: Connection, order_id: str) -> list[RequestRow]:
    """All requests about an order, oldest first."""
    query = select(requests).where(_q.order_id == order_id).order_by(_q.request_id)
    return [RequestRow(**row._asdict()) for row in connection.execute(query)]
