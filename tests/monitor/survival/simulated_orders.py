"""Simulated orders with a known share of lost units, looked at with gaps of any length."""

from datetime import timedelta
from math import exp
from random import Random
from typing import Any

from monitor.survival.delivered_order import DeliveredOrder, Interruptions
from monitor.survival.losses import CountedLook, OrderLosses, losses
from tests.builders import DAY, HOUR, START

SCALE, SHAPE = 240.0, 0.55
DEPTH = 0.35
"""Mean of the share of an order that can be lost at all."""


def a_delivered_order(order_id: str = "1", delivered: int = 1000, **changes: Any) -> DeliveredOrder:
    """An order of 1000 units on top of 1000, completed at START, whose counts are judged at once."""
    standard: dict[str, Any] = {
        "order_id": order_id, "imported_at": START, "created_at": START - DAY, "completed_at": START,
        "delivered": delivered, "baseline": 1000 + delivered, "measured_at": None, "settle": timedelta(0),
    }  # fmt: skip
    return DeliveredOrder(**standard | changes)


def true_share(hours: float) -> float:
    """The share of all units that is still there."""
    return 1 - DEPTH * (1 - exp(-((hours / SCALE) ** SHAPE)))


def orders_of_equal_size(number: int, gap: timedelta, seed: int, days: int = 30) -> list[OrderLosses]:
    """Orders of 1000 units whose depths differ, looked at about every `gap`."""
    random = Random(seed)
    return [_losses(random, gap, days) for _ in range(number)]


def _losses(random: Random, gap: timedelta, days: int) -> OrderLosses:
    depth = random.betavariate(4 * DEPTH, 4 * (1 - DEPTH))
    order = a_delivered_order()
    looks, age = [], random.random() * gap
    while age <= days * DAY + 2 * gap:
        lost = depth * (1 - exp(-((age / HOUR / SCALE) ** SHAPE)))
        looks.append(CountedLook(START + age, 2000 - round(1000 * lost)))
        age += random.uniform(0.7, 1.3) * gap
    found = losses(order, looks, START + days * DAY + 2 * gap, Interruptions())
    assert found is not None
    return found
