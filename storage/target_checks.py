"""Looks that an operator wants now: made due, within the budget of the source."""

from datetime import datetime

from sqlalchemy import Connection

from monitor.events.changes import CheckRequested
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from storage import events, targets


def request_check(connection: Connection, order_id: str, now: datetime) -> None:
    """Make a look at the target of an order due now; raises NotFoundError."""
    target = targets.of_order(connection, order_id, lock=True)
    targets.schedule_by(connection, [target.target_id], now, f"check of order {order_id} by an operator")
    payload = CheckRequested(target.target_id)
    events.add(connection, Event(EventKind.ORDER_CHECK_REQUESTED, payload, Subject(order_id)), now)
