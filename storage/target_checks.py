"""Looks that an operator wants now: made due, within the budget of the source."""

from datetime import datetime

from sqlalchemy import Connection

from monitor.cadence.schedule import Priority
from monitor.events.changes import CheckRequested
from monitor.events.event import Event, Subject
from monitor.events.kind import EventKind
from storage import events, targets


def request_check(
    connection: Connection, order_id: str, now: datetime, priority: Priority = Priority.ROUTINE
) -> None:
    """Make a look at the target of an order due now; raises NotFoundError."""
    target = targets.of_order(connection, order_id, lock=True)
    why = f"check of order {order_id} by an operator"
    targets.schedule_by(connection, [target.target_id], now, why, priority)
    payload = CheckRequested(target.target_id)
    events.add(connection, Event(EventKind.ORDER_CHECK_REQUESTED, payload, Subject(order_id)), now)
