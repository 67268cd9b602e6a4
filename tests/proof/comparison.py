"""Compares the decisions of the naive model and the product, down to the smallest world where they differ."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refilld.settings.settings import Settings
from tests.proof.naive_orders import target_of
from tests.proof.naive_rules import decisions

Row = dict[str, Any]
Decide = Callable[[Row], tuple[list[Row], list[Row]]]
"""Decisions of the naive model in a world, and decisions of the product."""


def naive_decisions(world: Row) -> list[Row]:
    return decisions(
        world["orders"],
        world["terms"],
        world["mass_drop"],
        world["events"],
        world.get("limits"),
        world.get("backlog"),
    )


def configured_by(world: Row) -> Settings:
    sections = {"terms": world["terms"], "mass_drop": world["mass_drop"], "limits": world.get("limits", {})}
    return Settings.model_validate(sections)


def in_order(decided: list[Row]) -> list[Row]:
    """Sort decisions; those of one moment have no order among themselves."""
    return sorted(decided, key=lambda one: (one["at"], one["order_id"], one["decision"], one["reason"]))


def write_rows(path: Path, rows: list[Row]) -> Path:
    """Write JSON Lines, without the values that are None."""
    known = [{name: value for name, value in row.items() if value is not None} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in known))
    return path


def smallest(world: Row, differs: Callable[[Row], bool]) -> Row:
    """Remove events, orders and terms for as long as the decisions still differ."""
    size = max(1, len(world["events"]) // 2)
    while size:
        for kind in ("events", "orders"):
            place = 0
            while place < len(world[kind]):
                less = with_known_orders(world | {kind: world[kind][:place] + world[kind][place + size :]})
                if differs(less):
                    world = less
                else:
                    place += size
        size //= 2
    return simpler_terms(world, differs)


def with_known_orders(world: Row) -> Row:
    """Give the world without the events of orders and targets that it does not have."""
    ids = {order["order_id"] for order in world["orders"]}
    targets = {target_of(dict(order)) for order in world["orders"]}
    events = [
        event
        for event in world["events"]
        if (target_of(dict(event)) in targets if event["event"] == "snapshot" else event["order_id"] in ids)
    ]
    return world | {"events": events}


def simpler_terms(world: Row, differs: Callable[[Row], bool]) -> Row:
    """Remove every term that the difference does not depend on."""
    for name in list(world["terms"]):
        for key in [None, *world["terms"][name]]:
            kept = {} if key is None else {k: v for k, v in world["terms"][name].items() if k != key}
            less = world | {"terms": world["terms"] | {name: kept}}
            if differs(less):
                world = less
    return world


def difference(world: Row, decide: Decide) -> str:
    """Report the smallest world on which the decisions differ; empty where they agree."""

    def differs(less: Row) -> bool:
        return bool(less["orders"]) and not agree(less, decide)

    return report(smallest(world, differs), decide) if differs(world) else ""


def agree(world: Row, decide: Decide) -> bool:
    naive, product = decide(world)
    return in_order(naive) == in_order(product)


def report(world: Row, decide: Decide) -> str:
    """Write the world and both lists of decisions, one value a line."""
    naive, product = decide(world)
    lines = [f"order: {_line(order)}" for order in world["orders"]]
    lines += [f"terms: {_line(world['terms'])}", f"mass drop: {_line(world['mass_drop'])}"]
    lines += [f"backlog: {_line(world.get('backlog', []))}"]
    lines += [f"limits: {_line(world.get('limits', {}))}"]
    lines += [f"event: {_line(event)}" for event in world["events"]]
    lines += [f"naive model: {_line(row)}" for row in in_order(naive)]
    lines += [f"product:     {_line(row)}" for row in in_order(product)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    return json.dumps(row, default=str)
