"""Converts order states to the rows of the naive model in `tests/proof`, and reads its results.

The naive model has plain rows; nothing but the fields of the value classes is copied into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.guarantee.verdicts import Verdict
from monitor.model.drop import Drop
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill
from monitor.model.terms import Terms
from tests.proof.naive_claims import claims
from tests.proof.naive_lines import base
from tests.proof.naive_orders import Row, is_active, orders_of, series, units_in_flight
from tests.proof.naive_rules import handle, new_world

TARGET = ("natgeo", "followers")
"""The target of all rows, as the naive model names it."""
MASS_DROP: Row = {"min_targets": 1, "share": -1, "hold": "36500d"}
"""Where enabled, it begins at once, never ends, and releases nothing."""


def naive_world(states: Sequence[OrderState]) -> Row:
    """Give the orders of one target in these states to the naive model."""
    orders = [_order_row(state.order) for state in states]
    world = new_world(orders, {s.order.order_id: _terms_row(s.order.terms) for s in states}, MASS_DROP)
    for state, order in zip(states, world["orders"], strict=True):
        world["flags"][order["order_id"]] = {str(flag) for flag in state.flags}
        world["drops"] += [_drop_row(state.drop, order)] if state.drop else []
        world["refills"] += [_refill_row(refill, order) for refill in state.refills]
        world["asked"] |= {order["order_id"]} if state.request_pending else set()
        world["judged_once"] |= {order["order_id"]} if state.settled_look else set()
        if state.order.counted_at is not None:
            world["counted"].add(order["order_id"])
            world["bases"][order["order_id"]] = _base_row(state.order)
    return world


def naive_claims(world: Row, count: int, at: datetime) -> dict[str, Row]:
    """Line, floor, effective count and claim of each active order; keyed by order id."""
    active = [order for order in orders_of(world, TARGET) if is_active(world, order, at)]
    return claims(world, active, world["refills"], {"count": count, "at": at})


def naive_look(world: Row, count: int, at: datetime, *, mass_drop: bool) -> list["OrderResult"] | None:
    """Show a count to the naive model; None where the count is not judged."""
    world["mass_drop"]["enabled"] = mass_drop
    look = {"at": at, "event": "snapshot", "link": TARGET[0], "metric": TARGET[1]}
    look |= {"outcome": "count", "count": count}
    handle(world, look)
    if series(world, TARGET)[-1] is not look:
        return None
    return [_result(world, order, look) for order in world["orders"]]


def highest_line(world: Row, at: datetime, default: int = 60) -> int:
    """Give the count at which nothing is missing any more, less the units in flight."""
    here = orders_of(world, TARGET)
    active = [o for o in here if is_active(world, o, at) and o["order_id"] in world["bases"]]
    lines = [claim["line"] for claim in claims(world, active, [], {"count": 0, "at": at}).values()]
    return max(lines, default=default) - units_in_flight(world, world["refills"], at)


def naive_refills_of(world: Row, order: Row) -> list[Row]:
    return [refill for refill in world["refills"] if refill["order"] is order]


@dataclass(frozen=True)
class OrderResult:
    """What one count means for one order: the common ground of the product and the naive model."""

    base: int | None
    """Start count less what it was lowered by; None before it is known."""
    claim: int | None
    """None while the order is not active."""
    drop: tuple[str, datetime] | None
    """State and time of opening, where a drop is or was open."""
    decision: tuple[str, str, int, int] | None
    """Action, reason, quantity, line."""

    @classmethod
    def of(cls, order: Order, verdict: Verdict) -> "OrderResult":
        known = verdict.measured or order
        claim, drop, made = verdict.claim, verdict.drop, verdict.decision
        return cls(
            None if known.start_count is None or known.completed_at is None else known.base,
            claim.units if claim else None,
            (str(drop.state), drop.opened_at) if drop else None,
            (str(made.action), str(made.reason), made.quantity, made.line) if made else None,
        )


def _result(world: Row, order: Row, look: Row) -> OrderResult:
    claim = world["claims"].get(order["order_id"])
    drops = [drop for drop in world["drops"] if drop["order"] is order and drop["look"] is look]
    drop = drops[-1] if drops else None
    decided = drop["decided"] if drop and drop["decided"] and drop["decided"]["look"] is look else None
    return OrderResult(
        base(world, order) if order["order_id"] in world["bases"] else None,
        claim and claim["claim"],
        drop and (drop["state"], drop["opened"]),
        decided and (decided["action"], decided["reason"], decided["quantity"], claim["line"]),
    )


def _order_row(order: Order) -> Row:
    return {
        "order_id": order.order_id,
        "link": TARGET[0],
        "metric": TARGET[1],
        "status": str(order.status),
        "quantity": order.quantity,
        "remains": order.remains,
        "completed_at": order.completed_at and order.completed_at.isoformat(),
        "start_count": order.start_count,
        "created_at": order.created_at and order.created_at.isoformat(),
        "terms": order.order_id,
    }


def _base_row(order: Order) -> Row:
    known = {"start": order.start_count, "lowered": order.base_lowered, "looked": order.base_at is not None}
    return known | {"taken": order.base_taken_at}


def _terms_row(terms: Terms) -> Row:
    return {
        "window": _span(terms.window) if terms.window else "lifetime",
        "settle": _span(terms.settle),
        "min_drop_percent": terms.min_drop_percent,
        "min_drop_units": terms.min_drop_units,
        "confirmations": terms.confirmations,
        "confirm_after": _span(terms.confirm_after),
        "cooldown": _span(terms.cooldown),
        "max_refills": terms.max_refills,
        "max_refill_percent": terms.max_refill_percent,
        "below_start": str(terms.below_start),
        "partial_orders": terms.partial_orders,
        "refill": str(terms.refill),
    }


def _span(duration: timedelta) -> str:
    return f"{int(duration.total_seconds())}s"


def _drop_row(drop: Drop, order: Row) -> Row:
    row = {"order": order, "state": str(drop.state), "opened": drop.opened_at, "looks": drop.looks}
    recorded = drop.last_decision and tuple(str(word) for word in drop.last_decision)
    return row | {"recorded": recorded, "look": None, "decided": None}


def _refill_row(refill: Refill, order: Row) -> Row:
    row = {"order": order, "quantity": refill.quantity, "state": str(refill.state), "reason": None}
    done = refill.quantity if refill.delivered is None else refill.delivered
    return row | {"completed_at": refill.completed_at, "delivered": done}
