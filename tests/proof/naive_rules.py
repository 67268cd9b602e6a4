"""The naive model of sections 4 to 6 of the rules: from the orders and events of a world to its decisions.

A world is a dict of plain lists; each event is handled with all earlier ones at hand.
"""

from datetime import datetime
from typing import Any

from tests.proof.naive_caps import USUAL_LIMITS, exceeds_a_cap
from tests.proof.naive_claims import allowance, claims, completions
from tests.proof.naive_lines import known_base, note_count
from tests.proof.naive_orders import (
    OPEN_REFILL,
    Row,
    delivered,
    is_active,
    is_covered,
    moment,
    open_drop,
    orders_of,
    series,
    span,
    target_of,
    terms_of,
)

UNDONE_DROP = {"suspected", "waiting", "refused"}

USUAL_MASS_DROP: Row = {"enabled": True, "window": "6h", "min_targets": 20, "share": 20, "hold": "48h"}


def new_world(orders: list[Row], terms: dict[str, Row], mass_drop: Row, limits: Row | None = None) -> Row:
    """The orders before anything has happened."""
    given = {order["order_id"]: known_base(order) for order in orders}
    return {
        "orders": [dict(order) for order in orders],
        "bases": {order_id: known for order_id, known in given.items() if known is not None},
        "counted": set(),
        "judged_once": set(),
        "backlog": set(),
        "terms": terms,
        "mass_drop": USUAL_MASS_DROP | mass_drop,
        "limits": USUAL_LIMITS | (limits or {}),
        "looks": [],
        "refills": [],
        "drops": [],
        "judged": [],
        "claims": {},
        "flags": {order["order_id"]: set() for order in orders},
        "asked": set(),
        "decisions": [],
    }


def decisions(
    orders: list[Row],
    terms: dict[str, Row],
    mass_drop: Row,
    events: list[Row],
    limits: Row | None = None,
    backlog: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Give the decisions as the backtest writes them: those that change a drop's action or reason."""
    world = new_world(orders, terms, mass_drop, limits)
    world["backlog"] |= set(backlog or ())
    for event in events:
        handle(world, event | {"at": moment(event["at"])})
    return list(world["decisions"])


def handle(world: Row, event: Row) -> None:
    if event["event"] == "snapshot":
        world["looks"].append(event)
        believed = series(world, target_of(event))
        if believed and believed[-1] is event:
            judge(world, event)
        return
    order = next((order for order in world["orders"] if order["order_id"] == event["order_id"]), None)
    if order is not None:
        HANDLERS[event["event"]](world, order, event)


def complete(world: Row, order: Row, event: Row) -> None:
    refill = open_refill(world, order)
    if refill is not None:
        refill.setdefault("queued", event["at"])  # an operator has released a held one
        refill.update(state="completed", completed_at=event["at"], delivered=refill["quantity"])


def flag(world: Row, order: Row, event: Row) -> None:
    world["flags"][order["order_id"]].add(event["flag"])
    for drop in undone_drops(world, order):
        drop["state"] = "closed"
    refill = open_refill(world, order)
    if refill is not None:
        refill["state"] = "cancelled"


def unflag(world: Row, order: Row, event: Row) -> None:
    world["flags"][order["order_id"]].discard(event["flag"])


def ask(world: Row, order: Row, event: Row) -> None:
    """A request is pending while the guarantee runs; otherwise it is answered at once."""
    if is_covered(world, order, event["at"]):
        world["asked"].add(order["order_id"])
    else:
        world["asked"].discard(order["order_id"])


HANDLERS = {
    "refill_completed": complete,
    "order_flagged": flag,
    "order_unflagged": unflag,
    "refill_requested": ask,
}


def undone_drops(world: Row, order: Row) -> list[Row]:
    """The drops of an order that may still recover: at most one."""
    return [drop for drop in world["drops"] if drop["order"] is order and drop["state"] in UNDONE_DROP]


def open_refill(world: Row, order: Row) -> Row | None:
    """The order's refill that is neither claimed nor at its end."""
    refills: list[Row] = [refill for refill in world["refills"] if refill["order"] is order]
    return next((refill for refill in refills if refill["state"] in {"held", "queued"}), None)


def judge(world: Row, look: Row) -> None:
    """Handle one judged count: open, close and decide drops, then decide holds that are over."""
    look["measured"] = note_count(world, look)
    here = orders_of(world, target_of(look))
    active = [order for order in here if is_active(world, order, look["at"])]
    refills = [refill for refill in world["refills"] if target_of(refill["order"]) == target_of(look)]
    world["claims"] = claims(world, active, refills, look)
    due = [refill for refill in refills if is_due(world, refill, look["at"])]
    releases = claims_without(world, here, active, refills, due, look)
    if active:
        opened = [follow(world, order, world["claims"][order["order_id"]], look) for order in active]
        world["judged"].append({"at": look["at"], "metric": look["metric"], "fell": any(opened)})
        world["judged"][-1]["target"] = target_of(look)
    mass_drop = bool(active) and mass_drop_is_on(world, look)
    due.sort(key=lambda refill: (refill["at"], refill["order"]["order_id"]))
    released = [outcome(world, refill, releases[refill["order"]["order_id"]], look) for refill in due]
    for order in sorted(active, key=lambda order: order["order_id"]):
        decide(world, order, world["claims"][order["order_id"]], look, mass_drop=mass_drop)
    for refill, found in zip(due, released, strict=True):
        release(world, refill, found, releases[refill["order"]["order_id"]], look)
    for order in active:
        world["judged_once"].add(order["order_id"])
        if open_drop(world, order) is None:
            world["asked"].discard(order["order_id"])


def claims_without(
    world: Row, here: list[Row], active: list[Row], refills: list[Row], due: list[Row], look: Row
) -> dict[str, Row]:
    """The claims as if the refills that are due had not been created and their drops were still waiting."""
    waiting = [refill["order"]["order_id"] for refill in due]
    then = [order for order in here if order in active or order["order_id"] in waiting]
    return claims(world, then, [refill for refill in refills if not any(refill is one for one in due)], look)


def threshold(world: Row, order: Row) -> int:
    terms = terms_of(world, order)
    share = int(terms["min_drop_percent"]) * delivered(order)
    return max(int(terms["min_drop_units"]), share // 100 + (1 if share % 100 else 0), 1)


def follow(world: Row, order: Row, claim: Row, look: Row) -> bool:
    """Open, confirm or close the order's drop; tell whether one opened."""
    drop = next(iter(undone_drops(world, order)), None)
    if claim["claim"] < threshold(world, order):
        if drop is not None:
            drop.update(state="recovered", look=look)
        return False
    if drop is None:
        new = {"order": order, "state": "suspected", "opened": look["at"], "looks": 1, "recorded": None}
        name = order["order_id"]
        new["old"] = name in world["backlog"] and name not in world["judged_once"]
        world["drops"].append(new | {"look": look, "decided": None})
        return not new["old"]
    drop.update(looks=drop["looks"] + 1, look=look)
    return False


def mass_drop_is_on(world: Row, look: Row) -> bool:
    """Whether a mass drop is on, by the looks of the window and the state after the last look."""
    rule = world["mass_drop"]
    past = [judged for judged in world["judged"] if judged["metric"] == look["metric"]]
    began = past[-2]["on"] if len(past) > 1 else None
    recent = [judged for judged in past if look["at"] - judged["at"] <= span(rule["window"])]
    judged = len({one["target"] for one in recent})
    fallen = len({one["target"] for one in recent if one["fell"]})
    begins = judged >= rule["min_targets"] and fallen * 100 > rule["share"] * judged
    enough = judged >= rule["min_targets"] or (began is not None and look["at"] - began >= span(rule["hold"]))
    ends = enough and fallen * 200 < rule["share"] * judged
    on = rule["enabled"] and (begins if began is None else not ends)
    past[-1]["on"] = (began or look["at"]) if on else None
    return bool(on)


def decide(world: Row, order: Row, claim: Row, look: Row, *, mass_drop: bool) -> None:
    """Decide a confirmed drop by the table, and carry the decision out."""
    drop, terms = open_drop(world, order), terms_of(world, order)
    if drop is None or drop["looks"] < terms["confirmations"]:
        return
    if look["at"] - drop["opened"] < span(terms["confirm_after"]):
        return
    own = [refill for refill in world["refills"] if refill["order"] is order]
    asked = order["order_id"] in world["asked"]
    old = drop.get("old", False)
    action, reason = table(world, order, own, claim, look["at"], asked=asked, mass_drop=mass_drop, old=old)
    quantity = min(claim["claim"], allowance(world, order, own)) if action in {"refill", "hold"} else 0
    if action == "refill" and exceeds_a_cap(world, order, quantity, look["at"]):
        action, reason = "hold", "daily_cap"
    drop["state"] = {"wait": "waiting", "refuse": "refused", "hold": "held", "refill": "refilled"}[action]
    drop["decided"] = {"look": look, "action": action, "reason": reason, "quantity": quantity}
    if quantity:
        refill = {"order": order, "drop": drop, "quantity": quantity, "asked": asked}
        refill |= {"state": "queued" if action == "refill" else "held", "reason": reason, "at": look["at"]}
        refill["held"] = look["at"]
        if action == "refill":
            refill["queued"] = look["at"]
        world["refills"].append(refill)
    record(world, drop, (action, reason, quantity), claim, look)


def table(
    world: Row,
    order: Row,
    own: list[Row],
    claim: Row,
    at: datetime,
    *,
    asked: bool,
    mass_drop: bool,
    old: bool = False,
) -> tuple[str, str]:
    """The table of section 5, row by row."""
    terms, completed = terms_of(world, order), completions(own)
    below = claim["effective"] < claim["floor"]
    lines = [
        (any(refill["state"] in OPEN_REFILL for refill in own), "wait", "refill_in_progress"),
        (0 < terms["max_refills"] <= len(completed), "refuse", "refill_limit_reached"),
        (allowance(world, order, own) == 0, "refuse", "refill_allowance_spent"),
        (any(at - then < span(terms["cooldown"]) for then in completed), "wait", "cooldown"),
        (below and terms["below_start"] == "refuse", "refuse", "below_start_count"),
        (terms["refill"] == "on_request" and not asked, "wait", "awaiting_request"),
        (old, "hold", "backlog"),
        (mass_drop, "hold", "mass_drop"),
        (below and terms["below_start"] == "review", "hold", "below_start_count"),
        (True, "refill", "drop_confirmed"),
    ]
    return next((action, reason) for applies, action, reason in lines if applies)


def is_due(world: Row, refill: Row, at: datetime) -> bool:
    """Whether a refill held for a mass drop or a daily cap has been held for long enough."""
    if refill["state"] != "held":
        return False
    if refill["reason"] == "daily_cap":
        too_large = exceeds_a_cap(world, refill["order"], refill["quantity"], None)
        keep = world["limits"]["on_next_day"] == "keep"
        return bool(at.date() > refill["held"].date() and not too_large and not keep)
    return refill["reason"] == "mass_drop" and bool(at >= refill["at"] + span(world["mass_drop"]["hold"]))


def outcome(world: Row, refill: Row, claim: Row, look: Row) -> tuple[str, str, int]:
    """Decide a held refill again, as if no mass drop were on."""
    order = refill["order"]
    own = [other for other in world["refills"] if other["order"] is order and other is not refill]
    if claim["claim"] < threshold(world, order):
        return "refuse", "recovered", 0
    asked = refill["asked"] or order["order_id"] in world["asked"]
    action, reason = table(world, order, own, claim, look["at"], asked=asked, mass_drop=False)
    quantity = 0
    if action in {"refill", "hold"}:
        quantity = min(claim["claim"], allowance(world, order, own), refill["quantity"])
    if action == "refill" and exceeds_a_cap(world, order, quantity, look["at"]):
        return "hold", "daily_cap", quantity
    if action == "refill":
        refill["queued"] = look["at"]  # the others of this count have less room
        refill["quantity"] = quantity
    return action, reason, quantity


def release(world: Row, refill: Row, found: tuple[str, str, int], claim: Row, look: Row) -> None:
    """Carry out what was decided about a held refill."""
    action, reason, quantity = found
    if action == "refill":
        refill.update(state="queued", quantity=quantity)
    if action == "hold":
        refill.update(reason=reason, quantity=quantity, held=look["at"])
    if action == "refuse":
        refill["state"] = "rejected"
        if reason != "recovered":
            refuse_until_recovered(world, refill)
    record(world, refill["drop"], found, claim, look)


def refuse_until_recovered(world: Row, refill: Row) -> None:
    """Neither a discarded drop nor units lost since are decided again before the order has recovered."""
    for drop in undone_drops(world, refill["order"]):
        drop["state"] = "closed"
    refill["drop"]["state"] = "refused"


def record(world: Row, drop: Row, what: tuple[str, str, int], claim: Row, look: Row) -> None:
    action, reason, quantity = what
    if drop["recorded"] != (action, reason):
        drop["recorded"] = (action, reason)
        world["decisions"].append(
            {
                "at": look["at"],
                "order_id": drop["order"]["order_id"],
                "decision": action,
                "reason": reason,
                "quantity": quantity,
                "count": look["count"],
                "line": claim["line"],
                "claim": claim["claim"],
            }
        )
