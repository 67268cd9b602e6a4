"""Comparing two tellings of a world's decisions, down to the smallest world on which they differ."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.proof.naive_claims import target_of
from tests.proof.naive_rules import decisions

Row = dict[str, Any]
Tellings = Callable[[Row], tuple[list[Row], list[Row]]]
"""What the second opinion says of a world, and what the product says."""

EFFORT = int(os.environ.get("EFFORT", "1"))
"""Multiplies the number of worlds; 1 is the quick profile."""


def second_opinion(world: Row) -> list[Row]:
    return decisions(world["orders"], world["terms"], world["mass_drop"], world["events"])


def in_order(told: list[Row]) -> list[Row]:
    """Decisions of one moment have no order among themselves."""
    return sorted(told, key=lambda one: (one["at"], one["order_id"], one["decision"], one["reason"]))


def write_rows(path: Path, rows: list[Row]) -> Path:
    """JSON Lines, in which what is unknown is not mentioned."""
    said = [{name: value for name, value in row.items() if value is not None} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in said))
    return path


def smallest(world: Row, differs: Callable[[Row], bool]) -> Row:
    """Leave out events, orders and terms, one after the other, for as long as the two still differ."""
    size = max(1, len(world["events"]) // 2)
    while size:
        for kind in ("events", "orders"):
            place = 0
            while place < len(world[kind]):
                less = of_known_orders(world | {kind: world[kind][:place] + world[kind][place + size :]})
                if differs(less):
                    world = less
                else:
                    place += size
        size //= 2
    return plainer_terms(world, differs)


def of_known_orders(world: Row) -> Row:
    """The world without the events of orders and targets that nobody sold."""
    ids = {order["order_id"] for order in world["orders"]}
    things = {target_of(dict(order)) for order in world["orders"]}
    events = [
        event
        for event in world["events"]
        if (target_of(dict(event)) in things if event["event"] == "snapshot" else event["order_id"] in ids)
    ]
    return world | {"events": events}


def plainer_terms(world: Row, differs: Callable[[Row], bool]) -> Row:
    """Leave out every term that the difference does not need."""
    for name in list(world["terms"]):
        for key in [None, *world["terms"][name]]:
            kept = {} if key is None else {k: v for k, v in world["terms"][name].items() if k != key}
            less = world | {"terms": world["terms"] | {name: kept}}
            if differs(less):
                world = less
    return world


def difference(world: Row, tell: Tellings) -> str:
    """Empty when both tell the same of a world; else the smallest such world and what each says of it."""

    def differs(less: Row) -> bool:
        return bool(less["orders"]) and not agree(less, tell)

    return story(smallest(world, differs), tell) if differs(world) else ""


def agree(world: Row, tell: Tellings) -> bool:
    one, other = tell(world)
    return in_order(one) == in_order(other)


def story(world: Row, tell: Tellings) -> str:
    """The world, and what each says of it."""
    one, other = tell(world)
    told = [f"order: {_line(order)}" for order in world["orders"]]
    told += [f"terms: {_line(world['terms'])}", f"mass drop: {_line(world['mass_drop'])}"]
    told += [f"event: {_line(event)}" for event in world["events"]]
    told += [f"second opinion: {_line(row)}" for row in in_order(one)]
    told += [f"product:        {_line(row)}" for row in in_order(other)]
    return "\n".join(told)


def _line(row: Row) -> str:
    return json.dumps(row, default=str)
