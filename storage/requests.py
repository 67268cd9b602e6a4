"""Customers' requests: who asked for a refill, and whether that has been answered."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from storage.column_types import AnyRow
from storage.schema import requests

_q = requests.c
_GRANTED = select(func.max(_q.at)).where(_q.order_id == bindparam("order_id"), _q.granted)
_ANSWER = update(requests).where(_q.order_id == bindparam("order"), _q.answered_at.is_(None))


def ask(connection: Connection, order_id: str, now: datetime, *, granted: bool = True) -> None:
    """Record that the customer asked, and whether a look was granted for it."""
    connection.execute(insert(requests), {"order_id": order_id, "at": now, "granted": granted})


def last_granted(connection: Connection, order_id: str) -> datetime | None:
    """When the customer last asked so that a look was granted."""
    asked: datetime | None = connection.execute(_GRANTED, {"order_id": order_id}).scalar()
    return asked


def answered(connection: Connection, order_id: str, now: datetime) -> None:
    """The standing request of the order has found its answer."""
    connection.execute(_ANSWER.values(answered_at=now), {"order": order_id})


def of_order(connection: Connection, order_id: str) -> list[AnyRow]:
    """All requests about an order, oldest first."""
    query = select(requests).where(_q.order_id == order_id).order_by(_q.request_id)
    return list(connection.execute(query))
