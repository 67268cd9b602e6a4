"""The naive model of section 2 of the rules: orders, targets, guarantees, refills.

Everything is a dict, and most is computed from the whole history each time. The naive model shares no code
with the product, so that each can show an error of the other.
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
