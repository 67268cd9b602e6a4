"""The naive model of sections 2 and 3 of the rules: start counts, bases and lines.

`world["bases"]` has what is known of each order's base: the start count, by how much it was lowered, when it
was taken, and whether a look of the program measured or compared it.
"""

from tests.proof.naive_orders import (
    Row,
    delivered,
    has_settled,
    is_active,
    moment,
    orders_of,
    rank,
    series,
    target_of,
    units_in_flight,
)


def known_base(order: Row) -> Row | None:
    """The base as the panel gives it."""
    if order.get("start_count") is None or not order.get("completed_at"):
        return None
    taken = moment(order["completed_at"])
    return {"start": int(order["start_count"]), "lowered": 0, "taken": taken, "looked": False}


def base(world: Row, order: Row) -> int:
    known = world["bases"][order["order_id"]]
    return int(known["start"] - known["lowered"])


def may_overlap(world: Row, order: Row, later: Row) -> bool:
    created = later.get("created_at")
    return created is None or bool(moment(created) < world["bases"][order["order_id"]]["taken"])


def after(order: Row, orders: list[Row]) -> list[Row]:
    return [other for other in orders if rank(other) > rank(order)]


def overlapping(world: Row, order: Row, orders: list[Row]) -> list[Row]:
    return [later for later in after(order, orders) if may_overlap(world, order, later)]


def line(world: Row, order: Row, orders: list[Row]) -> int:
    """The line of an order among these orders, of which it is one."""
    lowest = min(base(world, one) for one in [order, *overlapping(world, order, orders)])
    return lowest + delivered(order) + sum(delivered(later) for later in after(order, orders))


def note_count(world: Row, look: Row) -> list[Row]:
    """Measure start counts and compare bases with a count; give the orders that it measured."""
    here = [order for order in orders_of(world, target_of(look)) if rank(order)[0] <= look["at"]]
    measured = [one for one in here if is_unknown(world, one) or zero_is_wrong(world, one, look)]
    new = [one for one in here if one in measured or one["order_id"] not in world["counted"]]
    missing = {one["order_id"]: missing_before(world, one, here, new, look) for one in here}
    for one in measured:
        start = max(0, look["count"] - delivered(one) - sum(delivered(later) for later in after(one, here)))
        world["bases"][one["order_id"]] = {"start": start, "lowered": 0, "taken": look["at"], "looked": True}
    world["counted"] |= {one["order_id"] for one in here}
    there = look["count"] + sum(
        refill["quantity"]
        for refill in world["refills"]
        if refill["state"] in {"held", "queued"} and target_of(refill["order"]) == target_of(look)
    )
    for one in [one for one in here if is_compared(world, one, here, new)]:
        whole = base(world, one) + delivered(one) + sum(delivered(later) for later in after(one, here))
        known = world["bases"][one["order_id"]]
        known["lowered"] += min(max(0, whole - there - missing[one["order_id"]]), base(world, one))
        known.update(taken=look["at"], looked=True)
    return measured


def is_unknown(world: Row, order: Row) -> bool:
    return order["order_id"] not in world["bases"]


def zero_is_wrong(world: Row, order: Row, look: Row) -> bool:
    """Whether the first judged count of an order contradicts its start count of 0."""
    given = order.get("start_count") is not None and int(order["start_count"]) == 0
    first = is_active(world, order, look["at"]) and order["order_id"] not in world["judged_once"]
    return given and first and bool(look["count"] > 2 * delivered(order))


def is_compared(world: Row, order: Row, here: list[Row], new: list[Row]) -> bool:
    concerned = [order, *overlapping(world, order, here)]
    looked = any(world["bases"][one["order_id"]]["looked"] for one in concerned)
    return looked and any(one in new for one in concerned)


def missing_before(world: Row, order: Row, here: list[Row], new: list[Row], look: Row) -> int:
    """What was missing below the order's line at the count before this look."""
    earlier = [one for one in series(world, target_of(look)) if one is not look]
    if not earlier:
        return 0
    at = earlier[-1]["at"]
    then = [one for one in here if one not in new and has_settled(world, one, at)]
    if order not in then:
        return 0
    refills = [one for one in world["refills"] if target_of(one["order"]) == target_of(look)]
    effective = int(earlier[-1]["count"]) + units_in_flight(world, refills, at)
    return max(0, line(world, order, then) - effective)
