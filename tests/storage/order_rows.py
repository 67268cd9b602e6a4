"""Stored orders and the results of their import."""

from monitor.model.decision import Action
from monitor.model.drop import DropState
from monitor.model.order import Order
from storage import drops, orders
from storage.engine import Database
from storage.orders import ImportedRow, ImportResult
from tests.builders import HOUR, NOW, a_claim, a_decision, a_drop

LATER = NOW + HOUR


def stored(database: Database, order_id: str = "1") -> Order:
    """An order as read from the database."""
    with database.read() as connection:
        return orders.get(connection, order_id).order


def decide(database: Database, order_id: str = "1") -> None:
    """Store a decision that depends on the baseline of the order."""
    with database.write() as connection:
        waiting = a_drop(order_id, DropState.WAITING, confirmed_at=NOW)
        drop_id = drops.save(connection, waiting, a_claim(order_id), 1200)
        drops.add_decision(connection, drop_id, a_decision(order_id, Action.WAIT))


def result_and_field(answer: list[ImportedRow]) -> tuple[ImportResult, str | None]:
    """The import result of the only row, and the refused field."""
    (row,) = answer
    return row.result, row.error.field if row.error else None
