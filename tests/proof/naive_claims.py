"""The naive model of sections 2 and 3 of the rules: start counts, lines, claims.

Everything is a dict and computed from the whole history each time; the missing units are assigned one by one.
It shares no code with the product, so that each can show an error of the other.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

USUAL: Row = {
    "window": "30d",
    "settle": "24h",
    "min_drop_percent": 5,
    "min_drop_units": 10,
    "confirmations": 2,
    "confirm_after": "2h",
    "cooldown": "24h",
    "max_refills": 3,
    "max_refill_percent": 150,
    "below_start": "review",
    "partial_orders": True,
    "refill": "automatic",
}
FOREVER = datetime.max.replace(tzinfo=UTC)
OPEN_REFILL = {"held", "queued", "claimed"}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def span(text: str) -> timedelta:
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def target_of(row: Row) -> tuple[str, str]:
    """The target of an order or an event: the last part of its link, and the metric."""
    if "target" not in row:
        name = row["link"].split("?")[0].rstrip("/").split("/")[-1]
        row["target"] = name.lstrip("@").lower(), row["metric"]
    target: tuple[str, str] = row["target"]
    return target


def terms_of(world: Row, order: Row) -> Row:
    given: Row = world["terms"].get(order.get("terms") or "default", {})
    return USUAL | given


def delivered(order: Row) -> int:
    return int(order["quantity"]) - int(order.get("remains") or 0)


def is_complete(order: Row) -> bool:
    return order["status"].lower() in {"completed", "partial"}


def carries_guarantee(world: Row, order: Row) -> bool:
    """Whether status, delivered units and terms give the order a guarantee."""
    partial = order["status"].lower() == "partial"
    allowed = terms_of(world, order)["partial_orders"] or not partial
    return is_complete(order) and delivered(order) > 0 and allowed


def rank(order: Row) -> tuple[datetime, str]:
    return moment(order["completed_at"]), order["order_id"]


def orders_of(world: Row, target: tuple[str, str]) -> list[Row]:
    """The delivered orders of a target, the oldest first; other orders have no effect."""
    return sorted((o for o in world["orders"] if is_complete(o) and target_of(o) == target), key=rank)


def window_end(world: Row, order: Row) -> datetime:
    window = terms_of(world, order)["window"]
    return FOREVER if window == "lifetime" else moment(order["completed_at"]) + span(window)


def series(world: Row, target: tuple[str, str]) -> list[Row]:
    """The looks of a target whose counts are judged, out of all its looks so far."""
    kind, last, believed = "", 0, []
    for look in world["looks"]:
        counted = look.get("counted", "")
        if look["outcome"] != "count" or target_of(look) != target or kind not in {"", counted}:
            continue
        fell_to_zero = look["count"] == 0 and last > 0
        last = look["count"]
        if not fell_to_zero:
            believed.append(look)
            kind = kind or counted
    return believed


def baseline(world: Row, order: Row) -> int:
    return int(start_count(world, order)) + delivered(order)


def first_count(world: Row, order: Row) -> Row | None:
    """The first look with a believed count at or after the order's completion."""
    believed = series(world, target_of(order))
    return next((look for look in believed if look["at"] >= rank(order)[0]), None)


def start_count(world: Row, order: Row) -> int:
    """The target's count before the order: as the panel said, or measured by the first count."""
    if order.get("start_count") is not None:
        return int(order["start_count"])
    first = first_count(world, order)
    assert first is not None, order
    also_in_it = sum(
        delivered(other)
        for other in orders_of(world, target_of(order))
        if rank(other) > rank(order) and rank(other)[0] <= first["at"]
    )
    return max(0, int(first["count"]) - delivered(order) - also_in_it)


def open_drop(world: Row, order: Row) -> Row | None:
    """The order's drop that is suspected or waiting."""
    drops: list[Row] = [drop for drop in world["drops"] if drop["order"] is order]
    return next((drop for drop in drops if drop["state"] in {"suspected", "waiting"}), None)


def in_window(world: Row, order: Row, at: datetime) -> bool:
    return moment(order["completed_at"]) <= at < window_end(world, order)


def has_settled(world: Row, order: Row, at: datetime) -> bool:
    return at >= moment(order["completed_at"]) + span(terms_of(world, order)["settle"])


def is_guaranteed(world: Row, order: Row) -> bool:
    """Whether the order carries the guarantee, and no flag voids or suspends it."""
    return carries_guarantee(world, order) and not world["flags"][order["order_id"]]


def is_covered(world: Row, order: Row, at: datetime) -> bool:
    """Whether the guarantee runs: inside the window, or while a drop that opened inside it is open."""
    if not is_guaranteed(world, order) or at < moment(order["completed_at"]):
        return False
    drop = open_drop(world, order)
    return in_window(world, order, at) or (drop is not None and in_window(world, order, drop["opened"]))


def is_active(world: Row, order: Row, at: datetime) -> bool:
    return is_covered(world, order, at) and has_settled(world, order, at)


def units_of(refill: Row) -> int:
    """The units that a refill stands for: all while it is open, what was delivered when it is completed."""
    if refill["state"] in OPEN_REFILL:
        return int(refill["quantity"])
    if refill["state"] == "completed":
        return int(refill["delivered"])
    return 0


def units_in_flight(world: Row, refills: list[Row], at: datetime) -> int:
    """The units of these refills that no count can show yet."""
    units = 0
    for refill in refills:
        settle = span(terms_of(world, refill["order"])["settle"])
        settled = refill["state"] == "completed" and at >= refill["completed_at"] + settle
        units += 0 if settled else units_of(refill)
    return units


def claims(world: Row, active: list[Row], refills: list[Row], look: Row) -> dict[str, Row]:
    """Line, floor, effective count and claim of each active order, unit by unit."""
    in_flight = units_in_flight(world, refills, look["at"])
    effective = look["count"] + in_flight
    found: dict[str, Row] = {}
    for place, order in enumerate(active):
        own = [refill for refill in refills if refill["order"] is order]
        line = baseline(world, order) + sum(delivered(later) for later in active[place + 1 :])
        found[order["order_id"]] = {
            "line": line,
            "floor": line - delivered(order),
            "effective": effective,
            "room": max(0, delivered(order) - units_in_flight(world, own, look["at"])),
            "claim": 0,
        }
    by_end = sorted(active, key=lambda order: (window_end(world, order), *rank(order)))
    payers = [found[order["order_id"]] for order in by_end]
    for unit in range(effective, max((one["line"] for one in payers), default=0)):
        pay_for(unit, payers)
    return found


def pay_for(unit: int, payers: list[Row]) -> None:
    """Assign one missing unit to the first order whose line is above it and that has room left."""
    for payer in payers:
        if payer["line"] > unit and payer["claim"] < payer["room"]:
            payer["claim"] += 1
            return
