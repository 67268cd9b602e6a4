"""The naive model of section 3 of the rules: claims. The missing units are assigned one by one."""

from datetime import datetime

from tests.proof.naive_lines import line
from tests.proof.naive_orders import (
    Row,
    delivered,
    rank,
    terms_of,
    units_in_flight,
    units_of,
    window_end,
)


def own_refills(world: Row, order: Row) -> list[Row]:
    return [refill for refill in world["refills"] if refill["order"] is order]


def allowance(world: Row, order: Row, own: list[Row]) -> int:
    """Units that may still be refilled, where `own` are the refills of the order."""
    spent = sum(units_of(refill) for refill in own)
    return max(0, int(terms_of(world, order)["max_refill_percent"]) * delivered(order) // 100 - spent)


def completions(own: list[Row]) -> list[datetime]:
    return [refill["completed_at"] for refill in own if refill["state"] == "completed"]


def refillable(world: Row, order: Row, own: list[Row], claim: Row) -> int:
    """Units that a refill could deliver at this count."""
    terms, left = terms_of(world, order), allowance(world, order, own)
    refused = [drop for drop in world["drops"] if drop["order"] is order and drop["state"] == "refused"]
    if refused:
        return left if refused[0]["recorded"] == ("refuse", "declined") else 0
    if terms["below_start"] == "refuse" and claim["effective"] < claim["floor"]:
        return 0
    return 0 if 0 < terms["max_refills"] <= len(completions(own)) else left


def claims(world: Row, active: list[Row], refills: list[Row], look: Row) -> dict[str, Row]:
    """Line, floor, effective count and claim of each active order, unit by unit."""
    effective = look["count"] + units_in_flight(world, refills, look["at"])
    found: dict[str, Row] = {}
    for order in active:
        own = [refill for refill in refills if refill["order"] is order]
        top = line(world, order, active)
        one = {"line": top, "floor": top - delivered(order), "effective": effective, "claim": 0}
        one["room"] = max(0, delivered(order) - units_in_flight(world, own, look["at"]))
        one["can"] = min(one["room"], refillable(world, order, own, one))
        found[order["order_id"]] = one
    by_end = sorted(active, key=lambda order: (window_end(world, order), *rank(order)))
    payers = [found[order["order_id"]] for order in by_end]
    units = range(effective, max((one["line"] for one in payers), default=0))
    unpaid = [unit for unit in reversed(units) if not pay_for(unit, payers, "can")]
    for unit in unpaid:
        pay_for(unit, payers, "room")
    return found


def pay_for(unit: int, payers: list[Row], most: str) -> bool:
    """Assign one missing unit to the first order whose line is above it and that may pay more."""
    for payer in payers:
        if payer["line"] > unit and payer["claim"] < payer[most]:
            payer["claim"] += 1
            return True
    return False
