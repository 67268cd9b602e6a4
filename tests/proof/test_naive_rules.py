"""The naive model is tested with histories computed by hand from the text of the rules."""

import ast
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.proof.naive_claims import claims
from tests.proof.naive_orders import orders_of
from tests.proof.naive_rules import decisions, new_world
from tests.proof.seeded_worlds import seeded_world

HERE = Path(__file__).parent
PRODUCT = {"monitor", "storage", "jobs", "refilld"}
EVERY_DECISION = {
    ("refill", "drop_confirmed"),
    ("hold", "backlog"),
    ("hold", "mass_drop"),
    ("hold", "below_start_count"),
    ("hold", "daily_cap"),
    ("wait", "refill_in_progress"),
    ("wait", "cooldown"),
    ("wait", "awaiting_request"),
    ("refuse", "refill_limit_reached"),
    ("refuse", "refill_allowance_spent"),
    ("refuse", "below_start_count"),
    ("refuse", "recovered"),
}
ONE_LOOK: dict[str, Any] = {
    "settle": "0h",
    "confirmations": 1,
    "confirm_after": "0h",
    "min_drop_percent": 0,
    "min_drop_units": 1,
}


def time(hour: int) -> str:
    return f"2026-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z"


def order(
    order_id: str, quantity: int, start_count: int | None, hour: int = 0, **more: Any
) -> dict[str, Any]:
    """Give an order completed so many hours after the start of the year."""
    usual = {"link": "shop", "metric": "followers", "status": "Completed", "completed_at": time(hour)}
    return usual | {"order_id": order_id, "quantity": quantity, "start_count": start_count} | more


def look(hour: int, count: int | None, link: str = "shop", outcome: str = "count") -> dict[str, Any]:
    event = {"at": time(hour), "event": "snapshot", "link": link, "metric": "followers", "outcome": outcome}
    return event if count is None else event | {"count": count}


def event(hour: int, name: str, order_id: str, **more: str) -> dict[str, Any]:
    return {"at": time(hour), "event": name, "order_id": order_id} | more


def decided(
    orders: list[dict[str, Any]],
    events: list[dict[str, Any]],
    mass_drop: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    **terms: Any,
) -> list[tuple[Any, ...]]:
    """Give hour, order, action, reason and quantity of each decision."""
    made = decisions(orders, {"default": terms}, mass_drop or {}, events, limits)
    hours = [(one["at"].day - 1) * 24 + one["at"].hour for one in made]
    return [
        (hour, one["order_id"], one["decision"], one["reason"], one["quantity"])
        for hour, one in zip(hours, made, strict=True)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "naive_rules.py",
        "naive_claims.py",
        "naive_caps.py",
        "naive_lines.py",
        "naive_orders.py",
        "seeded_worlds.py",
    ],
)
def test_the_naive_model_imports_nothing_of_the_product(name: str) -> None:
    for node in ast.walk(ast.parse((HERE / name).read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not PRODUCT & {name.partition(".")[0] for name in names}


def test_a_lone_order_is_refilled_at_the_second_look_two_hours_later() -> None:
    """1000 sold at 500: at 1400 there are 100 missing, twice the threshold of 50."""
    looks = [look(25, 1400), look(26, 1400), look(27, 1390)]
    assert decided([order("1", 1000, 500)], looks) == [(27, "1", "refill", "drop_confirmed", 110)]


def test_no_drop_opens_below_five_percent_or_before_the_delivery_has_settled() -> None:
    looks = [look(20, 0), look(23, 600), look(24, 1451), look(30, 1451), look(40, 1451)]
    assert decided([order("1", 1000, 500)], looks) == []


def test_a_recovery_restarts_the_confirmation() -> None:
    looks = [look(24, 1400), look(25, 1500), look(26, 1400), look(27, 1400), look(28, 1400)]
    assert decided([order("1", 1000, 500)], looks) == [(28, "1", "refill", "drop_confirmed", 100)]


def test_a_failed_look_neither_confirms_nor_closes() -> None:
    looks = [
        look(24, 1400),
        look(26, None, outcome="private"),
        look(27, None, outcome="blocked"),
        look(28, 1400),
    ]
    assert decided([order("1", 1000, 500)], looks) == [(28, "1", "refill", "drop_confirmed", 100)]


def test_a_single_zero_is_not_judged_and_a_second_one_is() -> None:
    looks = [look(1, 20), look(2, 0), look(3, 20), look(4, 0), look(5, 0)]
    once = decided([order("1", 10, 10)], looks, **ONE_LOOK, below_start="cap")
    assert once == [(5, "1", "refill", "drop_confirmed", 10)]


def test_start_counts_of_orders_measured_by_one_count_add_up() -> None:
    """Two of 1000 seen at 5000 start at 3000 and 4000: both lines are 5000, and 4900 misses 100 once."""
    orders = [order("1", 1000, None), order("2", 1000, None, hour=1)]
    looks = [look(2, 5000), look(3, 4900)]
    assert decided(orders, looks, **ONE_LOOK) == [(3, "1", "refill", "drop_confirmed", 100)]


def test_the_order_that_ends_first_pays_first_up_to_its_room() -> None:
    """Lines 130 and 130; 90 missing below: order 1 pays its 30, order 2 the other 60."""
    orders = [order("1", 30, 0), order("2", 100, 30, hour=5)]
    made = decided(orders, [look(6, 40)], **ONE_LOOK, below_start="cap")
    assert made == [(6, "1", "refill", "drop_confirmed", 30), (6, "2", "refill", "drop_confirmed", 60)]


def test_an_order_claims_no_unit_above_its_line() -> None:
    """Order 1's line is 60 + 40 = 100, order 2's 80 + 40 = 120: at 90 it claims only ten."""
    orders = [order("1", 60, 0), order("2", 40, 80, hour=5)]
    made = decided(orders, [look(6, 90)], **ONE_LOOK, below_start="cap")
    assert made == [(6, "1", "refill", "drop_confirmed", 10), (6, "2", "refill", "drop_confirmed", 20)]


def test_units_in_flight_are_not_missing_until_the_refill_has_settled() -> None:
    """20 units queued at hour 7 and completed at 8 are in flight until 14; then they are missing again."""
    happened = [look(7, 80), look(8, 80), event(8, "refill_completed", "1"), look(13, 80), look(14, 80)]
    terms = ONE_LOOK | {"settle": "6h", "cooldown": "0h"}
    assert decided([order("1", 100, 0)], happened, **terms) == [
        (7, "1", "refill", "drop_confirmed", 20),
        (14, "1", "refill", "drop_confirmed", 20),
    ]


def test_the_table_decides_refill_in_progress_cooldown_and_limit() -> None:
    happened = [
        look(1, 90),  # 10 queued
        look(2, 70),  # 20 more are missing while the first refill is open
        look(3, 70),
        event(4, "refill_completed", "1"),  # settles at once: 30 are missing of 70
        look(5, 70),
        look(27, 70),
        look(28, 70),  # 24 hours after the completion
        event(29, "refill_completed", "1"),
        look(60, 60),
    ]
    assert decided([order("1", 100, 0)], happened, **ONE_LOOK, max_refills=2) == [
        (1, "1", "refill", "drop_confirmed", 10),
        (2, "1", "wait", "refill_in_progress", 0),
        (5, "1", "wait", "cooldown", 0),
        (28, "1", "refill", "drop_confirmed", 30),
        (60, "1", "refuse", "refill_limit_reached", 0),
    ]


def test_the_allowance_limits_a_refill_and_then_refuses() -> None:
    happened = [look(1, 40), event(2, "refill_completed", "1"), look(3, 40)]
    terms = ONE_LOOK | {"cooldown": "0h", "max_refill_percent": 50, "below_start": "cap"}
    assert decided([order("1", 100, 0)], happened, **terms) == [
        (1, "1", "refill", "drop_confirmed", 50),
        (3, "1", "refuse", "refill_allowance_spent", 0),
    ]


@pytest.mark.parametrize(
    ("below_start", "verdict"),
    [
        ("cap", ("refill", "drop_confirmed", 100)),
        ("review", ("hold", "below_start_count", 100)),
        ("refuse", ("refuse", "below_start_count", 0)),
    ],
)
def test_below_the_floor_the_terms_decide(below_start: str, verdict: tuple[str, str, int]) -> None:
    made = decided([order("1", 100, 500)], [look(1, 499)], **ONE_LOOK, below_start=below_start)
    assert made == [(1, "1", *verdict)]


def test_a_request_is_pending_until_its_drop_is_decided() -> None:
    happened = [look(1, 90), event(2, "refill_requested", "1"), look(3, 90), look(4, 80)]
    assert decided([order("1", 100, 0)], happened, **ONE_LOOK, refill="on_request") == [
        (1, "1", "wait", "awaiting_request", 0),
        (3, "1", "refill", "drop_confirmed", 10),
        (4, "1", "wait", "refill_in_progress", 0),
    ]


def test_a_flag_cancels_the_refill_and_a_new_drop_opens_after_its_end() -> None:
    happened = [
        look(1, 90),
        event(2, "order_flagged", "1", flag="hold"),
        look(3, 90),
        event(4, "order_unflagged", "1", flag="hold"),
        look(5, 90),
    ]
    assert decided([order("1", 100, 0)], happened, **ONE_LOOK) == [
        (1, "1", "refill", "drop_confirmed", 10),
        (5, "1", "refill", "drop_confirmed", 10),
    ]


def test_a_drop_opened_inside_the_window_is_decided_after_it_and_none_opens_later() -> None:
    looks = [look(23, 90), look(24, 90), look(26, 90), look(27, 50), look(40, 50)]
    terms = ONE_LOOK | {"confirmations": 2, "window": "1d"}
    assert decided([order("1", 100, 0)], looks, **terms) == [(24, "1", "refill", "drop_confirmed", 10)]


def storm(orders: int) -> list[dict[str, Any]]:
    return [order(str(number), 100, 0, link=f"shop{number}") for number in range(orders)]


def test_a_mass_drop_holds_refills_and_later_releases_or_discards_them() -> None:
    """Three of four targets fall, more than half; with fewer than four judged targets none begins."""
    rule: dict[str, Any] = {"min_targets": 4, "share": 50, "window": "6h", "hold": "24h"}
    fall = [look(1, 100, "shop0"), look(1, 60, "shop1"), look(1, 60, "shop2"), look(2, 60, "shop3")]
    later = [look(26, 80, "shop3")]
    assert decided(storm(4), [*fall, *later], rule, **ONE_LOOK) == [
        (1, "1", "refill", "drop_confirmed", 40),
        (1, "2", "refill", "drop_confirmed", 40),
        (2, "3", "hold", "mass_drop", 40),
        (26, "3", "refill", "drop_confirmed", 20),
    ]
    back = [look(25, 60, "shop3"), look(26, 100, "shop3"), look(27, 60, "shop3")]
    assert decided(storm(4), [*fall, *back], rule, **ONE_LOOK)[2:] == [
        (2, "3", "hold", "mass_drop", 40),
        (26, "3", "refuse", "recovered", 0),
        (27, "3", "refill", "drop_confirmed", 40),
    ]


def test_a_release_never_exceeds_the_held_units() -> None:
    rule: dict[str, Any] = {"min_targets": 1, "share": 50, "window": "6h", "hold": "24h"}
    looks = [look(1, 60, "shop0"), look(25, 30, "shop0")]
    assert decided(storm(1), looks, rule, **ONE_LOOK) == [
        (1, "0", "hold", "mass_drop", 40),
        (25, "0", "wait", "refill_in_progress", 0),
        (25, "0", "refill", "drop_confirmed", 40),
    ]


def test_a_mass_drop_ends_below_half_of_its_share() -> None:
    """1 of 1 begins it; 1 of 4 is exactly half of 50 percent and keeps it; 1 of 5 ends it."""
    rule: dict[str, Any] = {"min_targets": 1, "share": 50, "window": "48h", "hold": "30d"}
    stable = [look(2, 100, f"shop{number}") for number in (1, 2, 3)]
    until = [look(1, 60, "shop0"), *stable, event(3, "refill_completed", "0")]
    still = decided(storm(6), [*until, look(30, 50, "shop0")], rule, **ONE_LOOK)
    assert still == [(1, "0", "hold", "mass_drop", 40), (30, "0", "hold", "mass_drop", 50)]
    ended = decided(storm(6), [*until, look(29, 100, "shop4"), look(30, 50, "shop0")], rule, **ONE_LOOK)
    assert ended[-1] == (30, "0", "refill", "drop_confirmed", 50)


def test_a_daily_cap_holds_a_refill_whole_until_there_is_room() -> None:
    """40 fit into 50, 30 do not; on the next day the older one is first, and 40 of 50 are used by it."""
    sold = [order(name, 100, 0, link=name) for name in ("a", "b", "c")]
    first = [look(1, 60, "a"), look(2, 70, "b"), look(3, 60, "c")]
    made = decided(sold, [*first, look(25, 70, "b"), look(26, 60, "c")], None, {"units": 50}, **ONE_LOOK)
    assert made == [
        (1, "a", "refill", "drop_confirmed", 40),
        (2, "b", "hold", "daily_cap", 30),
        (3, "c", "hold", "daily_cap", 40),
        (25, "b", "refill", "drop_confirmed", 30),
    ]


def test_a_cap_on_the_price_counts_shares_of_its_currency() -> None:
    """40 of 100 units sold for 1 USD are 0.40; twice that is more than 0.79, but not than 0.80."""
    sold = [order(name, 100, 0, link=name, price="1", currency="USD") for name in ("a", "b")]
    looks = [look(1, 60, "a"), look(2, 60, "b")]
    for cap, second in (("0.79", "hold"), ("0.80", "refill")):
        made = decided(sold, looks, None, {"price": {"USD": cap, "EUR": "0.01"}}, **ONE_LOOK)
        assert [one[2] for one in made] == ["refill", second]


def test_a_refill_larger_than_a_cap_is_released_on_no_day() -> None:
    made = decided([order("a", 100, 0)], [look(1, 60), look(49, 60)], None, {"units": 39}, **ONE_LOOK)
    assert made == [(1, "a", "hold", "daily_cap", 40)]


def test_an_old_drop_of_a_backlog_is_held_and_a_later_one_refilled() -> None:
    """Both have lost 40 at their first look; only the order of the backlog had this before."""
    sold = [order("a", 100, 0, link="a"), order("b", 100, 0, link="b")]
    events = [look(1, 60, "a"), look(2, 60, "b"), look(3, 40, "a")]
    made = decisions(sold, {"default": ONE_LOOK}, {}, events, None, ["a"])
    assert [(one["order_id"], one["decision"], one["reason"]) for one in made] == [
        ("a", "hold", "backlog"), ("b", "refill", "drop_confirmed"), ("a", "wait", "refill_in_progress"),
    ]  # fmt: skip


def many_worlds() -> list[dict[str, Any]]:
    return [seeded_world(Random(seed)) for seed in range(300)]


def test_every_decision_occurs_in_many_worlds() -> None:
    """Each pair of action and reason, in at least 6 of 300 worlds."""
    decided = (
        decisions(w["orders"], w["terms"], w["mass_drop"], w["events"], w["limits"], w["backlog"])
        for w in many_worlds()
    )
    worlds = Counter(kind for made in decided for kind in {(d["decision"], d["reason"]) for d in made})
    assert set(worlds) == EVERY_DECISION
    assert min(worlds.values()) >= 6


def test_every_kind_of_event_occurs_often() -> None:
    seen = Counter(
        event.get("outcome", event["event"]) for world in many_worlds() for event in world["events"]
    )
    assert len(seen) == 4 + 1 + 9
    assert min(seen.values()) >= 45


def test_the_claims_of_one_count_never_exceed_the_missing_units() -> None:
    for seed in range(500):
        random = Random(seed)
        orders = [
            order(str(number), random.randint(1, 40), random.randint(0, 60), hour=random.choice((0, 1, 2)))
            for number in range(random.randint(1, 5))
        ]
        world = new_world(orders, {}, {})
        active = orders_of(world, ("shop", "followers"))
        seen = {"at": None, "count": random.randint(0, 150)}
        paid = claims(world, active, [], seen)
        missing = max(0, max(one["line"] for one in paid.values()) - seen["count"])
        assert sum(one["claim"] for one in paid.values()) <= missing
        if len(orders) == 1:
            start, bought = orders[0]["start_count"], orders[0]["quantity"]
            assert paid["0"]["claim"] == max(0, min(bought, start + bought - seen["count"]))
