"""Refill requests of customers, and whether they are answered."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from monitor.events.changes import refill_requested
from storage import events
from storage.schema import requests

_q = requests.c
_GRANTED = select(func.max(_q.at)).where(_q.order_id == bindparam("order_id"), _q.granted)
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


def ask(connection: Connection, order_id: str, now: datetime, *, granted: bool = True) -> None:
    """Record a request, and whether a look is granted for it; and an event that says so."""
    connection.execute(insert(requests), {"order_id": order_id, "at": now, "granted": granted})
    events.add(connection, refill_requested(order_id, granted=granted), now)


def last_granted(connection: Connection, order_id: str) -> datetime | None:
    """Time of the newest request for which a look was granted; None if there is none."""
    asked: datetime | None = connection.execute(_GRANTED, {"order_id": order_id}).scalar()
    return asked


def answered(connection: Connection, order_id: str, now: datetime) -> None:
    """Mark the standing requests of an order as answered."""
    connection.execute(_ANSWER.values(answered_at=now), {"order": order_id})


def of_order(connection: Connection, order_id: str) -> list[RequestRow]:
    """All requests about an order, oldest first."""
    query = select(requests).where(_q.order_id == order_id).order_by(_q.request_id)
    return [RequestRow(**row._asdict()) for row in connection.execute(query)]
