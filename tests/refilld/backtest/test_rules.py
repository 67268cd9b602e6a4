"""Golden histories: each calculated by hand from docs/rules.md."""

from pathlib import Path
from typing import Any

from tests.refilld.backtest.backtest_world import (
    DAY,
    HOUR,
    SETTLED,
    SOLD,
    look_event,
    looks,
    order_event,
    order_row,
    replayed,
    settings,
    written,
)


def test_a_confirmed_drop_is_refilled_with_the_missing_units(tmp_path: Path) -> None:
    """The line is 2000; 1700 at two looks two hours apart is a confirmed drop of 300."""
    seen = looks((SETTLED, 2000), (SETTLED + HOUR, 1700), (SETTLED + 3 * HOUR, 1700))
    out = replayed(tmp_path, [order_row()], seen)
    (line,) = out.lines
    assert line == (
        f'{{"at": "{written(SETTLED + 3 * HOUR)}", "order_id": "1", "decision": "refill",'
        ' "reason": "drop_confirmed", "quantity": 300, "count": 1700, "line": 2000, "claim": 300}'
    )
    assert out.complaints == []


def test_the_summary_counts_the_results(tmp_path: Path) -> None:
    seen = looks(
        (SETTLED, 2000), (SETTLED + HOUR, 1700), (SETTLED + 2 * HOUR, "private"), (SETTLED + 3 * HOUR, 1700)
    )
    out = replayed(tmp_path, [order_row(), order_row("2", "esa")], seen)
    assert out.summary is not None
    assert out.summary.as_json() == (
        '{"orders": 2, "snapshots": 4, "drops": 1, "refills": 1, "units_owed": 300, "units_refused": {},'
        ' "held": 0, "units_held": 0, "completions_without_effect": 0, "orders_refused": 0,'
        ' "events_refused": 0}'
    )


def test_a_failed_look_is_never_a_drop(tmp_path: Path) -> None:
    failures = ["private", "not_found", "hidden", "unavailable", "login_required", "blocked", "transient"]
    seen = looks(*((SETTLED + hour * HOUR, failure) for hour, failure in enumerate(failures)))
    assert replayed(tmp_path, [order_row()], seen).lines == []


def test_a_fall_to_0_counts_only_when_the_next_count_is_0_again(tmp_path: Path) -> None:
    """The first 0 is a fault, the second opens the drop, the third confirms it: 1000 delivered units."""
    seen = looks(*((SETTLED + 2 * hour * HOUR, count) for hour, count in enumerate([2000, 0, 0, 0])))
    out = replayed(tmp_path, [order_row()], seen)
    assert out.decisions == [(written(SETTLED + 6 * HOUR), "1", "hold", "below_start_count", 1000)]


def test_a_count_of_another_kind_is_not_judged(tmp_path: Path) -> None:
    seen = [look_event(SETTLED, 2000, counted="play_count")]
    seen += [look_event(SETTLED + hour * HOUR, 100, counted="view_count") for hour in (1, 4)]
    assert replayed(tmp_path, [order_row()], seen).lines == []


def test_a_missing_start_count_is_measured_at_the_first_look(tmp_path: Path) -> None:
    """First read at 5000 with 1000 delivered, it started at 4000: 4900 later is a drop of 100."""
    seen = looks((SOLD + HOUR, 5000), (SETTLED, 4900), (SETTLED + 2 * HOUR, 4900))
    out = replayed(tmp_path, [order_row(start_count=None)], seen)
    assert out.actions == [("refill", "drop_confirmed", 100)]


def test_a_second_drop_waits_for_the_refill_and_its_cooldown(tmp_path: Path) -> None:
    """After 300 were queued, the count falls to 1500: 200 more are missing beyond the units in flight.

    They wait while the refill is open. It is completed and adds 300, which settle after a day, when the
    cooldown is over too: then 200 are refilled.
    """
    done = SETTLED + 8 * HOUR
    events = [
        *looks((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700)),
        *looks((SETTLED + 4 * HOUR, 1500), (SETTLED + 6 * HOUR, 1500)),
        order_event(done, "refill_completed"),
        *looks((done + HOUR, 1500), (done + 24 * HOUR, 1800)),
    ]
    out = replayed(tmp_path, [order_row()], events)
    assert out.decisions == [
        (written(SETTLED + 2 * HOUR), "1", "refill", "drop_confirmed", 300),
        (written(SETTLED + 6 * HOUR), "1", "wait", "refill_in_progress", 0),
        (written(done + HOUR), "1", "wait", "cooldown", 0),
        (written(done + 24 * HOUR), "1", "refill", "drop_confirmed", 200),
    ]


def test_a_refused_drop_is_reported_once_and_its_claim_is_counted_by_reason(tmp_path: Path) -> None:
    terms = {"default": {"max_refill_percent": 0}}
    seen = looks(*((SETTLED + 2 * hour * HOUR, 1600) for hour in range(4)))
    out = replayed(tmp_path, [order_row()], seen, settings(terms=terms))
    assert out.actions == [("refuse", "refill_allowance_spent", 0)]
    assert out.summary is not None
    assert out.summary.units_refused == {"refill_allowance_spent": 400}


def test_a_flag_suspends_the_guarantee_until_it_is_lifted(tmp_path: Path) -> None:
    """The flag closes the drop of 300; after the flag is lifted the drop is opened and confirmed again."""
    events = [
        *looks((SETTLED, 1700)),
        order_event(SETTLED + HOUR, "order_flagged", flag="dispute"),
        *looks((SETTLED + 2 * HOUR, 1700), (SETTLED + 4 * HOUR, 1700)),
        order_event(SETTLED + 5 * HOUR, "order_unflagged", flag="dispute"),
        *looks((SETTLED + 6 * HOUR, 1700), (SETTLED + 8 * HOUR, 1700)),
    ]
    out = replayed(tmp_path, [order_row()], events)
    assert out.decisions == [(written(SETTLED + 8 * HOUR), "1", "refill", "drop_confirmed", 300)]
    assert out.summary is not None
    assert out.summary.drops == 2


def test_a_flag_cancels_a_queued_refill(tmp_path: Path) -> None:
    """Its units are no longer in flight, so the same drop is found again once the flag is lifted."""
    events = [
        *looks((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700)),
        order_event(SETTLED + 3 * HOUR, "order_flagged", flag="hold"),
        order_event(SETTLED + 4 * HOUR, "order_unflagged", flag="hold"),
        *looks((SETTLED + 6 * HOUR, 1700), (SETTLED + 8 * HOUR, 1700)),
    ]
    assert replayed(tmp_path, [order_row()], events).actions == [("refill", "drop_confirmed", 300)] * 2


def test_an_order_on_request_waits_until_the_customer_asks(tmp_path: Path) -> None:
    events = [
        *looks((SETTLED, 1700), (SETTLED + 2 * HOUR, 1700), (SETTLED + 4 * HOUR, 1700)),
        order_event(SETTLED + 5 * HOUR, "refill_requested"),
        *looks((SETTLED + 6 * HOUR, 1700)),
    ]
    out = replayed(tmp_path, [order_row()], events, settings(terms={"default": {"refill": "on_request"}}))
    assert out.actions == [("wait", "awaiting_request", 0), ("refill", "drop_confirmed", 300)]


def test_two_orders_on_one_target_refill_each_lost_unit_once(tmp_path: Path) -> None:
    """The lines are 2000 and 3000; 300 are missing once, and the order that ends first pays them."""
    later = order_row("2", completed_at=written(SOLD + HOUR), start_count=2000)
    seen = looks((SETTLED + HOUR, 2700), (SETTLED + 4 * HOUR, 2700))
    out = replayed(tmp_path, [later, order_row()], seen)
    assert out.decisions == [(written(SETTLED + 4 * HOUR), "1", "refill", "drop_confirmed", 300)]


def test_no_drop_opens_after_the_window(tmp_path: Path) -> None:
    after = SOLD + 30 * DAY
    assert replayed(tmp_path, [order_row()], looks((after, 1500), (after + 3 * HOUR, 1500))).lines == []


def test_every_spelling_of_a_link_is_the_same_target(tmp_path: Path) -> None:
    spelled = [look_event(SETTLED, 1700, link="@NASA"), look_event(SETTLED + 2 * HOUR, 1700, link="nasa")]
    assert replayed(tmp_path, [order_row()], spelled).actions == [("refill", "drop_confirmed", 300)]


def test_times_may_have_any_offset(tmp_path: Path) -> None:
    """The looks have the same local time at different offsets; two hours lie between them."""
    seen = [
        look_event(SETTLED, 1700) | {"at": "2026-01-02T12:00:00+02:00"},
        look_event(SETTLED, 1700) | {"at": "2026-01-02T12:00:00Z"},
    ]
    assert replayed(tmp_path, [order_row()], seen).actions == [("refill", "drop_confirmed", 300)]


def test_a_completion_of_an_order_without_open_refill_is_counted_and_changes_nothing(tmp_path: Path) -> None:
    out = replayed(tmp_path, [order_row()], [order_event(SETTLED, "refill_completed")])
    assert out.summary is not None
    assert (out.summary.completions_without_effect, out.summary.events_refused, out.lines) == (1, 0, [])


def test_overlapping_deliveries_without_a_loss_give_no_decision(tmp_path: Path) -> None:
    """B began when A had delivered 300 of its 1000, and was completed first: 3000 is all there is."""
    orders = [
        order_row("A", completed_at=written(SOLD + DAY)),
        order_row("B", start_count=1300, completed_at=written(SOLD + DAY / 2)),
    ]
    seen = looks((SOLD + 3 * DAY, 3000), (SOLD + 3 * DAY + 6 * HOUR, 3000))
    assert replayed(tmp_path, orders, seen).lines == []


def test_a_loss_between_two_orders_is_owed_whether_or_not_their_creation_is_told(tmp_path: Path) -> None:
    """1000 + 1000, then 600 are lost, then B adds 500 to 1400: A is owed what it lost."""
    bought: dict[str, Any] = {"start_count": 1400, "quantity": 500, "completed_at": written(SOLD + 3 * DAY)}
    seen = looks((SOLD + 5 * DAY, 1900), (SOLD + 5 * DAY + 6 * HOUR, 1900))
    later = order_row("B", **bought, created_at=written(SOLD + 2 * DAY))
    told = replayed(tmp_path, [order_row("A"), later], seen)
    assert ['"A"' in line and '"quantity": 600' in line for line in told.lines] == [True]
    assert replayed(tmp_path, [order_row("A"), order_row("B", **bought)], seen).lines == told.lines
