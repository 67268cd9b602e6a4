"""A panel that speaks the dialect of POST /api/v2 with refilld."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from monitor.model.order import Order, OrderStatus
from storage import orders, requests
from tests.refilld.queue_world import QueueWorld, a_sold_order

URL = "/api/v2"


@dataclass
class Panel:
    """A panel with a key, and orders that it has sold."""

    world: QueueWorld
    client: FlaskClient
    key: str

    def call(self, action: str, **fields: str) -> TestResponse:
        answer = self.client.post(URL, data={"key": self.key, "action": action} | fields)
        assert (answer.status_code, answer.mimetype) == (200, "application/json")
        return answer

    def text(self, action: str, **fields: str) -> str:
        return self.call(action, **fields).get_data(as_text=True)

    def answer(self, action: str, **fields: str) -> Any:
        return self.call(action, **fields).get_json()

    def sell(self, *sold: Order) -> None:
        with self.world.database.write() as tx:
            orders.import_batch(tx, sold, self.world.now)

    def owe(self, order_id: str, *, held: bool = False) -> int:
        """A look confirms a drop of the order, which answers its requests with a refill; its id."""
        with self.world.database.write() as tx:
            refill_id = self.world.refill(tx, orders.get(tx, order_id).order, 100, held=held)
            requests.answered(tx, order_id, self.world.now)
        return refill_id

    def find_nothing(self, order_id: str) -> None:
        """A look finds no drop, which answers the order's requests."""
        with self.world.database.write() as tx:
            requests.answered(tx, order_id, self.world.now)

    def asked(self) -> list[str]:
        """The orders of all requests."""
        with self.world.database.read() as tx:
            known = ("1", "2", "3")
            return [row.order_id for order_id in known for row in requests.of_order(tx, order_id)]


def an_order(order_id: str, **changes: Any) -> Order:
    """Give an order that is under guarantee, on a profile of its own."""
    return replace(a_sold_order(order_id, f"profile.{order_id}"), **changes)


PARTIAL = an_order(
    "1", start_count=3572, status=OrderStatus.PARTIAL, remains=157, price=Decimal("0.27819"), currency="USD"
)
UNDER_WAY = an_order(
    "100",
    start_count=234,
    status=OrderStatus.IN_PROGRESS,
    remains=10,
    price=Decimal("1.44219"),
    currency="USD",
    completed_at=None,
)
