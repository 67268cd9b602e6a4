"""The naive model of daily caps (section 8 of the rules)."""

from datetime import datetime
from fractions import Fraction

from tests.proof.naive_orders import Row

USUAL_LIMITS: Row = {"units": 0, "price": {}, "on_next_day": "release", "providers": {}, "services": {}}


def exceeds_a_cap(world: Row, order: Row, units: int, at: datetime | None) -> bool:
    """Whether a refill is too much for its day; without a time, for every day."""
    limits = world["limits"]
    queued = [
        refill
        for refill in world["refills"]
        if at and refill.get("queued") and refill["queued"].date() == at.date()
    ]
    scopes: list[tuple[Row, list[Row]]] = [(limits, queued)]
    for word in ("provider", "service"):
        same = [refill for refill in queued if refill["order"].get(word) == order.get(word)]
        scopes.append((limits[f"{word}s"].get(order.get(word), {}), same))
    return any(
        exceeds(cap, [*((one["order"], one["quantity"]) for one in used), (order, units)])
        for cap, used in scopes
    )


def exceeds(cap: Row, queued: list[tuple[Row, int]]) -> bool:
    """Whether refills, each an order and its units, exceed together a cap that concerns the last one."""
    if 0 < cap.get("units", 0) < sum(units for _, units in queued):
        return True
    last, units = queued[-1]
    currency = last.get("currency")
    if not units or not currency or not Fraction(last.get("price") or 0):
        return False
    limit = Fraction(cap.get("price", {}).get(currency, 0))
    paid = [
        Fraction(order["price"]) * units / order["quantity"]
        for order, units in queued
        if order.get("currency") == currency and order.get("price")
    ]
    return bool(0 < limit < sum(paid))
