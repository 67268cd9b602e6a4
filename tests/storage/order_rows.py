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
    """An order as it comes back out of the database."""
    with database.read() as connection:
        return orders.get(connection, order_id).order


def decide(database: Database, order_id: str = "1") -> None:
    """Let a decision rest on the order's baseline."""
    with database.write() as connection:
        waiting = a_drop(order_id, DropState.WAITING, confirmed_at=NOW)
        drop_id = drops.save(connection, waiting, a_claim(order_id), 1200)
        drops.add_decision(connection, drop_id, a_decision(order_id, Action.WAIT))


def result_and_field(answer: list[ImportedRow]) -> tuple[ImportResult, str | None]:
    """The fate of the only row, and the field that was at fault."""
    (row,) = answer
    return row.result, row.error.field if row.error else None
