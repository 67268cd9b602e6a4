"""Customers' requests: who asked for a refill, and whether that has been answered."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from storage.schema import requests

_q = requests.c
_STANDING = (
    select(_q.request_id).where(_q.order_id == bindparam("order_id"), _q.answered_at.is_(None)).limit(1)
)
_ANSWER = update(requests).where(_q.order_id == bindparam("order"), _q.answered_at.is_(None))


def ask(connection: Connection, order_id: str, now: datetime) -> None:
    """Record that the customer asked; asking again while a request stands adds nothing."""
    if connection.execute(_STANDING, {"order_id": order_id}).first() is None:
        connection.execute(insert(requests), {"order_id": order_id, "at": now})


def answered(connection: Connection, order_id: str, now: datetime) -> None:
    """The standing request of the order has found its answer."""
    connection.execute(_ANSWER.values(answered_at=now), {"order": order_id})
