"""Small worlds drawn by Hypothesis, each part separately, so that each part shrinks separately.

The seeded worlds are likely histories; these contain more coincidences.
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.proof.seeded_worlds import DAY_ONE, FAILURES, FLAGS, Row

TARGETS = ("one", "one", "two")
ORDERS = 4
HOURS = st.sampled_from(("0h", "0h", "1h", "3h"))
TERMS = st.fixed_dictionaries(
    {
        "window": st.sampled_from(("lifetime", "9h", "5h")),
        "settle": HOURS,
        "min_drop_percent": st.sampled_from((0, 1, 33)),
        "min_drop_units": st.integers(0, 3),
        "confirmations": st.sampled_from((1, 1, 2)),
        "confirm_after": st.sampled_from(("0h", "0h", "1h")),
        "cooldown": st.sampled_from(("0h", "0h", "2h")),
        "max_refills": st.integers(0, 2),
        "max_refill_percent": st.sampled_from((100, 250, 40)),
        "below_start": st.sampled_from(("cap", "review", "refuse")),
        "partial_orders": st.sampled_from((True, True, False)),
        "refill": st.sampled_from(("automatic", "automatic", "on_request")),
    },
)
"""The first value of each allows most events: Hypothesis shrinks to it."""
MASS_DROP = st.fixed_dictionaries(
    {
        "enabled": st.sampled_from((False, True, True)),
        "window": st.sampled_from(("1h", "3h", "24h")),
        "min_targets": st.integers(1, 3),
        "share": st.sampled_from((99, 50, 33, 1)),
        "hold": HOURS,
    }
)
ORDER = st.fixed_dictionaries(
    {
        "link": st.sampled_from(TARGETS),
        "status": st.sampled_from(("Completed", "Completed", "Partial", "Partial", "Pending")),
        "delivered": st.integers(0, 30),
        "remains": st.integers(0, 2),
        "hour": st.integers(0, 3),
        "start_count": st.none() | st.integers(0, 40),
        "created": st.none() | st.integers(0, 3),
        "terms": st.sampled_from(("default", "other")),
    }
)
LOOK = st.fixed_dictionaries(
    {
        "event": st.just("snapshot"),
        "link": st.sampled_from(TARGETS),
        "metric": st.just("followers"),
        "outcome": st.just("count"),
        "count": st.integers(0, 60),
        "counted": st.sampled_from(("",) * 9 + ("one", "other")),
    }
)
FAILED = st.fixed_dictionaries(
    {
        "event": st.just("snapshot"),
        "link": st.sampled_from(TARGETS),
        "metric": st.just("followers"),
        "outcome": st.sampled_from(FAILURES),
    }
)
IDS = st.sampled_from([str(number) for number in range(ORDERS)])
DONE = st.fixed_dictionaries(
    {"event": st.sampled_from(("refill_completed", "refill_requested")), "order_id": IDS}
)
FLAGGED = st.fixed_dictionaries(
    {
        "event": st.sampled_from(("order_flagged", "order_unflagged")),
        "order_id": IDS,
        "flag": st.sampled_from(FLAGS[:2]),
    }
)
STEP = st.sampled_from((LOOK, LOOK, LOOK, LOOK, DONE, DONE, FAILED, FLAGGED)).flatmap(lambda step: step)
STEPS = st.lists(st.tuples(st.sampled_from((1, 0, 2)), STEP), min_size=10, max_size=50)


@st.composite
def worlds(draw: st.DrawFn) -> Row:
    orders = [_order(str(number), draw(ORDER)) for number in range(draw(st.integers(1, ORDERS)))]
    return {
        "orders": orders,
        "terms": {"default": draw(TERMS), "other": draw(TERMS)},
        "mass_drop": draw(MASS_DROP),
        "events": _events(orders, draw(STEPS)),
    }


def _order(order_id: str, drawn: Row) -> Row:
    pending = drawn["status"] == "Pending"
    return {
        "order_id": order_id,
        "service": "any",
        "link": drawn["link"],
        "metric": "followers",
        "quantity": max(1, drawn["delivered"] + drawn["remains"]),
        "remains": drawn["remains"],
        "status": drawn["status"],
        "completed_at": None if pending else _written(drawn["hour"]),
        "start_count": None if pending else drawn["start_count"],
        "created_at": None if drawn["created"] is None else _written(drawn["hour"] - drawn["created"]),
        "terms": drawn["terms"],
    }


def _events(orders: list[Row], steps: list[tuple[int, Row]]) -> list[Row]:
    """The steps with their times, of known orders and targets only, and one look per target and hour."""
    known = {order["link"] for order in orders} | {order["order_id"] for order in orders}
    events: list[Row] = []
    hour, seen = 0, set[tuple[int, Any]]()
    for gap, step in steps:
        hour += gap
        subject = step.get("link", step.get("order_id"))
        if subject in known and (step["event"] != "snapshot" or (hour, subject) not in seen):
            seen.add((hour, subject))
            events.append({"at": _written(hour)} | step)
    return events


def _written(hour: int) -> str:
    return (DAY_ONE + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
