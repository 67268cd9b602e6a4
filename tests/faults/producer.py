"""A producer: sells orders, whose profiles then lose followers; what was not answered is sent again."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.faults.action_log import ActionLog
from tests.faults.http_client import IDLE, Client, pause
from tests.faults.outside import ORDERED, START
from tests.faults.shop import Shop

FIRST, MOST = 10, 3
"""Orders of the first batch, and the most of a later one."""


class Producer:
    """One life of a producer, which continues from its log."""

    def __init__(self, shop: Shop, name: str, seed: str) -> None:
        self._shop, self._name, self._random = shop, name, Random(seed)
        self._client = Client(shop, self._random)
        self._log = ActionLog(shop.log(name))
        lines = self._log.lines()
        self._batches = [line for line in lines if "sell" in line]
        self._answered = {line["answered"] for line in lines if "answered" in line}
        self._sold = sum(len(line["sell"]) for line in self._batches)

    def run(self, limit: int) -> None:
        """Sell so many orders in all lives, and repeat some batches with the same key."""
        for batch in self._batches:
            if batch["key"] not in self._answered or self._random.random() < 0.02:
                self._send(batch)
        while self._sold < limit:
            self._send(self._batch())
            pause(IDLE)
        while True:
            self._send(self._random.choice(self._batches))
            pause(IDLE)

    def _batch(self) -> dict[str, Any]:
        """A new batch in the log; from then on it will be sent, whatever happens."""
        size = self._random.randint(1, MOST) if self._batches else FIRST
        numbers = range(self._sold, self._sold + size)
        completed = datetime.now(UTC) - timedelta(days=10)  # with any clock of the tests
        batch = {
            "sell": {f"{self._name}.{n}": self._random.randint(1, ORDERED) for n in numbers},
            "key": f"{self._name}-{self._sold}",
            "completed_at": f"{completed:%Y-%m-%dT%H:%M:%SZ}",
        }
        self._log.write(**batch)
        self._batches.append(batch)
        self._sold += size
        return batch

    def _send(self, batch: dict[str, Any]) -> None:
        for order_id, units in batch["sell"].items():
            self._shop.outside.lose(order_id, units)
        orders = [_order(order_id, batch["completed_at"]) for order_id in batch["sell"]]
        answer = self._client.until_answered(
            "orders", {"orders": orders}, **{"Idempotency-Key": batch["key"]}
        )
        results = [row["result"] for row in answer.fields.get("results", [])]
        self._log.write(answered=batch["key"], status=answer.status, results=results)


def _order(order_id: str, completed_at: str) -> dict[str, object]:
    """An order as a panel sends it, of a profile that is named like it."""
    return {
        "order_id": order_id, "service": "followers", "link": f"https://www.instagram.com/{order_id}/",
        "quantity": ORDERED, "status": "Completed", "completed_at": completed_at, "start_count": START,
    }  # fmt: skip


def run_producer(shop: Shop, name: str, seed: str, limit: int) -> None:
    """The body of the process."""
    Producer(shop, name, seed).run(limit)
