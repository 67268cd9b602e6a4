"""Random worlds: a few targets with overlapping orders, and the events of some weeks.

The given `Random` makes every choice, so that a seed always gives the same world.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Row = dict[str, Any]

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AFTER = datetime(2027, 1, 1, tzinfo=UTC)
COMPLETIONS = (0, 0, 0, 12, 24, 24, 72, 120)
GAPS = (0, 0, 1, 1, 2, 2, 2, 3, 6, 12, 24, 48)
STATUSES = ("Completed",) * 9 + ("completed", "Partial", "Partial", "PARTIAL", "Pending", "Canceled")
FAILURES = (
    "private",
    "not_found",
    "hidden",
    "unavailable",
    "login_required",
    "blocked",
    "rate_limited",
    "transient",
    "schema",
)
FLAGS = ("hold", "dispute", "chargeback", "abuse", "guideline_violation")

USUAL_ACTS = ("complete", "complete all", "complete all", "ask", "ask", "flag", "unflag")
SHOP: Row = {"targets": 4, "orders": 5, "trouble": 25, "acts": USUAL_ACTS, "on_request": 25, "held": False}
STORM = SHOP | {"orders": 2}
"""Many targets, all of them looked at in rounds: mass drops begin and end."""
HELD = SHOP | {"targets": 2, "orders": 3, "held": True, "on_request": 40}
"""A mass drop is on most of the time, and its holds are short."""
ASKING = SHOP | {
    "targets": 2,
    "acts": ("ask", "ask", "ask", "complete all", "flag", "unflag"),
    "on_request": 80,
}
FLAGGING = SHOP | {
    "targets": 1,
    "acts": ("flag", "unflag", "complete all", "ask"),
    "trouble": 40,
    "on_request": 60,
}
PROFILES = (SHOP, SHOP, STORM, STORM, HELD, HELD, ASKING, FLAGGING)


def seeded_world(random: Random) -> Row:
    """Orders, terms, the settings of mass drops, and events in order of time."""
    profile = random.choice(PROFILES)
    number = random.choice((4, 4, 8, 10, 30)) if profile is STORM else random.randint(1, profile["targets"])
    targets = [_target(random, number) for number in range(number)]
    world: Row = {
        "orders": [],
        "terms": {name: _terms(random, profile) for name in ("default", "other", "third")},
        "mass_drop": _mass_drop(random, profile),
        "limits": _limits(random),
        "events": [],
    }
    for target in targets:
        _sell(random, world["orders"], target, random.randint(1, profile["orders"]))
    _live(random, world, targets, profile)
    ids = [order["order_id"] for order in world["orders"]]
    return world | {"backlog": random.choice(([], [], [], random.sample(ids, len(ids) // 2), ids))}


def _target(random: Random, number: int) -> Row:
    metric = random.choice(("followers", "followers", "followers", "likes"))
    kinds = random.choice((("",), ("",), ("",), ("", "", "feed"), ("feed", "feed", "feed", "api")))
    return {
        "name": f"shop.{number}" if metric == "followers" else f"P0st{number}",
        "metric": metric,
        "kinds": kinds,
        "level": random.choice((0, 20, 100, 200, 1000)),
        "due": [],
    }


def _link(random: Random, target: Row) -> str:
    """The target's link in one of the common spellings."""
    if target["metric"] == "likes":
        return f"https://www.instagram.com/p/{target['name']}/"
    ways = (
        "https://www.instagram.com/{}/",
        "https://www.instagram.com/{}/",
        "@{}",
        "instagram.com/{}?igsh=x",
    )
    return random.choice(ways).format(target["name"])


def _terms(random: Random, profile: Row) -> Row:
    """Terms with random values of every key, most of them so that something happens within days."""
    usual: Row = {
        "window": random.choice(("3d", "5d", "9d", "30d", "30d", "lifetime")),
        "settle": random.choice(("0h", "0h", "1h", "6h", "24h", "48h")),
        "min_drop_percent": random.choice((0, 5, 5, 10, 33)),
        "min_drop_units": random.choice((0, 1, 3, 10)),
        "confirmations": random.choice((1, 1, 2, 2, 2, 3)),
        "confirm_after": random.choice(("0h", "0h", "2h", "2h", "6h")),
        "cooldown": random.choice(("0h", "0h", "12h", "24h", "48h")),
        "max_refills": random.choice((0, 0, 1, 2, 3)),
        "max_refill_percent": random.choice((50, 100, 150, 150, 333)),
        "below_start": random.choice(("review", "refuse", "cap", "cap")),
        "partial_orders": random.choice((True, True, True, False)),
        "refill": "on_request" if random.randint(1, 100) <= profile["on_request"] else "automatic",
    }
    return usual if random.randint(0, 3) else {key: usual[key] for key in ("confirmations", "min_drop_units")}


def _mass_drop(random: Random, profile: Row) -> Row:
    rule: Row = {
        "enabled": random.choice((True, True, True, profile is not SHOP)),
        "window": random.choice(("2h", "6h", "24h", "48h")),
        "min_targets": random.randint(2, 6) if profile is STORM else random.choice((1, 1, 2, 3, 20)),
        "share": random.choice((1, 10, 20, 25, 33, 50, 50)),
        "hold": random.choice(("0h", "2h", "6h", "12h", "48h")),
    }
    if profile["held"]:
        rule |= {
            "min_targets": 1,
            "window": random.choice(("24h", "48h", "9d")),
            "share": random.choice((1, 20)),
        }
    return rule


def _limits(random: Random) -> Row:
    """Daily caps, most of them below what is lost on a day; half of the worlds have none."""
    if random.randint(0, 1):
        return {}

    def cap() -> Row:
        units = random.choice((0, 5, 20, 60))
        return {"units": units, "price": random.choice(({}, {}, {"USD": "0.50"}, {"EUR": "2"}))}

    scopes = {"providers": {"acme": cap()}, "services": {"any": cap()} if random.randint(0, 2) == 0 else {}}
    return cap() | scopes | {"on_next_day": random.choice(("release", "release", "release", "keep"))}


def _sell(random: Random, orders: list[Row], target: Row, number: int) -> None:
    """Add orders of one target, often completed at the same time; each raises the count at completion."""
    hours = sorted(random.choice(COMPLETIONS) for _ in range(number))
    level = target["level"]
    for hour in hours:
        order = _order(random, target, len(orders))
        if order["completed_at"] is not None:
            units = order["quantity"] - order["remains"]
            at = DAY_ONE + timedelta(hours=hour)
            order["completed_at"] = _written(at)
            order["start_count"] = random.choice((level, level, level + random.randint(-9, 9), None, 0))
            if random.randint(0, 2):
                order["created_at"] = _written(at - timedelta(hours=random.choice(COMPLETIONS)))
            if order["start_count"] is not None:
                order["start_count"] = max(0, order["start_count"])
            target["due"].append((at, units))
            level += units
        orders.append(order)


def _order(random: Random, target: Row, number: int) -> Row:
    status = random.choice(
        ("Completed",) * 9 + ("completed", "Partial", "Partial", "PARTIAL", "Pending", "Canceled")
    )
    quantity = random.choice((random.randint(3, 60), random.randint(3, 60), 10, 40, 400))
    partial = status.lower() == "partial" or random.randint(1, 12) == 12
    return {
        "order_id": str(random.choice((1, 90, 100)) * 1000 + number),
        "service": "any",
        "link": _link(random, target),
        "quantity": quantity,
        "status": status,
        "completed_at": None if status in {"Pending", "Canceled"} else "",
        "start_count": None,
        "remains": random.randint(0, quantity) if partial else 0,
        "metric": target["metric"],
        "terms": random.choice(("default", "default", "other", "third")),
        "provider": random.choice((None, "acme", "other")),
        "price": random.choice((None, "1", "1.25", "0.333333")),
        "currency": random.choice(("USD", "USD", "EUR")),
    }


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _live(random: Random, world: Row, targets: list[Row], profile: Row) -> None:
    """Add the events: looks, and sometimes an action."""
    at = DAY_ONE
    storm = profile is STORM
    minutes = random.choice(((0,), (0, 0, 0, 1, 5)))
    for target in targets:
        target |= {"peak": target["level"], "looked": DAY_ONE - timedelta(hours=1), "last": None}
    for _ in range(random.randint(5, 20 if storm else 80)):
        at += timedelta(hours=random.choice(GAPS))
        if storm:
            trouble = random.choice((0, 0, 0, 0, 10, 50, 90))
            for target in targets:
                at += timedelta(minutes=random.choice(minutes))
                if random.randint(1, 10) > 1:
                    _look(random, world, target, at, trouble)
        if not storm and random.randint(1, 10) <= 7:
            target = random.choice(targets)
            at = max(at, target["looked"] + timedelta(hours=1))
            _look(random, world, target, at, profile["trouble"])
        elif random.randint(1, 2) == 2:
            _act(random, world, at, random.choice(profile["acts"]))


def _look(random: Random, world: Row, target: Row, at: datetime, trouble: int) -> None:
    """One look at a target, of which `trouble` percent find fewer than before."""
    if at <= target["looked"]:
        return
    came = sum(units for then, units in target["due"] if target["looked"] < then <= at)
    target["looked"] = at
    target["level"] += came
    target["peak"] = max(target["peak"] + came, target["level"])
    _move(random, target, trouble)
    look = {
        "at": _written(at),
        "event": "snapshot",
        "link": _link(random, target),
        "metric": target["metric"],
    }
    if random.randint(1, 12) == 12:
        world["events"].append(look | {"outcome": random.choice(FAILURES)})
        return
    zero = random.randint(1, 25 if target["last"] else 2) == 1 and target["last"] is not None
    target["last"] = 0 if zero else target["level"]
    look |= {"outcome": "count", "count": target["last"]}
    kind = random.choice(target["kinds"])
    world["events"].append(look | {"counted": kind} if kind else look)


def _move(random: Random, target: Row, trouble: int) -> None:
    """Change the count: it falls, recovers, or mostly stays about the same."""
    if random.randint(1, 100) <= trouble:
        gained = sum(units for _, units in target["due"])
        fall = random.choice(
            (random.randint(1, 12), max(1, gained // 3), gained // 2, gained, target["level"] // 2)
        )
        target["level"] = max(0, target["level"] - fall)
    elif random.randint(1, 6) == 6:
        target["level"] = random.choice(((target["level"] + target["peak"] + 1) // 2, target["peak"]))
    else:
        target["level"] = max(0, target["level"] + random.choice((0, 0, random.randint(-2, 3))))


def _act(random: Random, world: Row, at: datetime, act: str) -> None:
    """Add a completion, a flag, the end of a flag, or a request."""
    order_id = random.choice(world["orders"])["order_id"]
    events: list[Row] = []
    match act:
        case "complete":
            events = [{"event": "refill_completed", "order_id": order_id}]
        case "complete all":
            events = [{"event": "refill_completed", "order_id": one["order_id"]} for one in world["orders"]]
        case "ask":
            events = [{"event": "refill_requested", "order_id": order_id}]
        case "flag":
            events = [{"event": "order_flagged", "order_id": order_id, "flag": random.choice(FLAGS)}]
        case "unflag":
            flagged = [event for event in world["events"] if event["event"] == "order_flagged"]
            events = [random.choice(flagged) | {"event": "order_unflagged"}] if flagged else []
    world["events"] += [{"at": ""} | one | {"at": _written(at)} for one in events]
