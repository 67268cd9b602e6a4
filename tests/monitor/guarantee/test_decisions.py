"""RULES 5: decisions, the first row that applies."""

from collections.abc import Collection
from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta
from itertools import combinations

import pytest

from monitor.guarantee.claims import Claim
from monitor.guarantee.decisions import Case, decide
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState
from monitor.model.terms import BelowStart, RefillMode
from tests.builders import DAY, HOUR, INSTANT, NOW, a_completed_refill, a_refill, an_order, an_order_state

LONG_AGO = NOW - 5 * DAY
"""Settled, and over any cooldown."""

ROWS = {
    1: ("wait", "refill_in_progress"),
    2: ("refuse", "refill_limit_reached"),
    3: ("refuse", "refill_allowance_spent"),
    4: ("wait", "cooldown"),
    5: ("refuse", "below_start_count"),
    6: ("wait", "awaiting_request"),
    7: ("hold", "mass_drop"),
    8: ("hold", "restored"),
    9: ("hold", "below_start_count"),
    10: ("refill", "drop_confirmed"),
}
"""The table of RULES 5."""


def a_claim(units: int = 500, effective: int = 1500) -> Claim:
    """Claim so much of the standard order: line 2000, floor 1000."""
    return Claim("1", line=2000, floor=1000, effective=effective, units=units)


def verdict(case: Case) -> tuple[str, str]:
    decision = decide(case)
    return decision.action, decision.reason


def case_for(rows: Collection[int]) -> Case:
    """Make the case in which exactly these rows of the table (and the tenth) apply; not both 5 and 9."""
    refills = [a_completed_refill(10, LONG_AGO)]
    if 1 in rows:
        refills.append(a_refill(1, RefillState.CLAIMED))
    if 3 in rows:
        refills.append(a_completed_refill(1500, LONG_AGO))
    if 4 in rows:
        refills.append(a_completed_refill(10, NOW - HOUR))
    completed = sum(refill.completed_at is not None for refill in refills)
    order = an_order(
        max_refills=completed if 2 in rows else completed + 1,
        below_start=BelowStart.REFUSE if 5 in rows else BelowStart.REVIEW,
        refill=RefillMode.ON_REQUEST if 6 in rows else RefillMode.AUTOMATIC,
    )
    effective = 999 if {5, 9} & set(rows) else 1000
    state = an_order_state(order, refills=refills)
    if 8 in rows:
        state = replace(state, hold_until=NOW + HOUR)
    return Case(state, a_claim(effective=effective), effective, NOW, 7 in rows)


# The table


@pytest.mark.parametrize("row", ROWS)
def test_each_row_decides_when_it_alone_applies(row: int) -> None:
    """RULES 5: one situation, one decision, one reason."""
    assert ROWS[row] == verdict(case_for({row}))


@pytest.mark.parametrize("row", ROWS)
def test_each_row_decides_once_all_above_it_do_not_apply(row: int) -> None:
    """RULES 5: with every row from this one on applying (9 gives way to 5, its other half)."""
    rows = set(range(row, 11)) - ({9} if row <= 5 else set())
    assert ROWS[row] == verdict(case_for(rows))


@pytest.mark.parametrize(("upper", "lower"), [p for p in combinations(ROWS, 2) if p != (5, 9)])
def test_of_two_rows_that_apply_the_upper_one_decides(upper: int, lower: int) -> None:
    """RULES 5: decisions, first that applies, for every pair that can apply together."""
    assert ROWS[upper] == verdict(case_for({upper, lower}))


# When each row applies


@pytest.mark.parametrize(
    ("state", "in_progress"),
    [
        (RefillState.HELD, True),
        (RefillState.QUEUED, True),
        (RefillState.CLAIMED, True),
        (RefillState.DEAD, False),
        (RefillState.REJECTED, False),
        (RefillState.CANCELLED, False),
    ],
)
def test_a_refill_is_in_progress_while_it_is_held_queued_or_claimed(
    state: RefillState, in_progress: bool
) -> None:
    """RULES 5, row 1: a refill that failed does not block the next one."""
    case = Case(an_order_state(refills=[a_refill(10, state)]), a_claim(), 1500, NOW)
    assert (ROWS[1] if in_progress else ROWS[10]) == verdict(case)


@pytest.mark.parametrize(
    ("max_refills", "completed", "row"),
    [(3, 0, 10), (3, 2, 10), (3, 3, 2), (3, 4, 2), (1, 1, 2), (0, 50, 10)],
)
def test_completed_refills_reach_max_refills_and_0_is_no_limit(
    max_refills: int, completed: int, row: int
) -> None:
    """RULES 5, row 2: completed refills have reached `max_refills` (0 = no limit)."""
    refills = [a_completed_refill(1, LONG_AGO)] * completed
    state = an_order_state(an_order(max_refills=max_refills), refills=refills)
    assert ROWS[row] == verdict(Case(state, a_claim(), 1500, NOW))


@pytest.mark.parametrize("refill_state", [RefillState.DEAD, RefillState.REJECTED, RefillState.CANCELLED])
def test_only_completed_refills_count_for_the_limit(refill_state: RefillState) -> None:
    """RULES 5, row 2: rejected, cancelled and dead refills were not delivered."""
    state = an_order_state(an_order(max_refills=1), refills=[a_refill(10, refill_state)] * 3)
    assert ROWS[10] == verdict(Case(state, a_claim(), 1500, NOW))


@pytest.mark.parametrize(
    ("percent", "delivered", "refills", "expected"),
    [
        (150, 1000, [], 1500),
        (150, 1000, [a_completed_refill(600, LONG_AGO)], 900),
        (150, 1000, [a_completed_refill(600, NOW - HOUR)], 900),  # not settled: in flight, counted once
        (150, 1000, [a_completed_refill(600, LONG_AGO, delivered=200)], 1300),
        (150, 1000, [a_completed_refill(1499, LONG_AGO)], 1),
        (150, 1000, [a_completed_refill(1500, LONG_AGO)], 0),
        (150, 1000, [a_completed_refill(1600, LONG_AGO)], 0),
        (150, 1000, [a_refill(400, RefillState.HELD)], 1100),  # reserved until released or rejected
        (150, 1000, [a_refill(400, RefillState.QUEUED), a_completed_refill(100, LONG_AGO)], 1000),
        (150, 1000, [a_refill(400, RefillState.CLAIMED)], 1100),
        (150, 1000, [a_refill(400, RefillState.REJECTED), a_refill(400, RefillState.DEAD)], 1500),
        (150, 1000, [a_refill(400, RefillState.CANCELLED)], 1500),
        (150, 3, [], 4),  # 4.5 units: never more than the percentage
        (50, 1, [], 0),  # half a unit is none
        (0, 1000, [], 0),
    ],
)
def test_the_allowance_is_the_percentage_less_all_units_refilled_or_in_flight(
    percent: int, delivered: int, refills: list[Refill], expected: int
) -> None:
    """RULES 5, row 3: `max_refill_percent`% of delivered, less all units refilled or in flight."""
    order = an_order(delivered=delivered, max_refill_percent=percent)
    assert expected == an_order_state(order, refills=refills).allowance


@pytest.mark.parametrize(("spent", "row"), [(1499, 10), (1500, 3), (1501, 3)])
def test_an_allowance_of_0_is_spent(spent: int, row: int) -> None:
    """RULES 5, row 3: one unit left is still an allowance."""
    state = an_order_state(refills=[a_completed_refill(spent, LONG_AGO)])
    assert ROWS[row] == verdict(Case(state, a_claim(), 1500, NOW))


@pytest.mark.parametrize(
    ("since", "row"), [(timedelta(0), 4), (24 * HOUR - INSTANT, 4), (24 * HOUR, 10), (30 * HOUR, 10)]
)
def test_the_cooldown_is_over_when_it_has_passed(since: timedelta, row: int) -> None:
    """RULES 5, row 4: less than `cooldown` since the order's last refill was completed."""
    state = an_order_state(an_order(cooldown=24 * HOUR), refills=[a_completed_refill(10, NOW - since)])
    assert ROWS[row] == verdict(Case(state, a_claim(), 1500, NOW))


@pytest.mark.parametrize("times", [(LONG_AGO, NOW - HOUR), (NOW - HOUR, LONG_AGO)])
def test_the_cooldown_runs_from_the_last_refill(times: tuple[datetime, ...]) -> None:
    """RULES 5, row 4: the last of all, in whatever order they are known."""
    state = an_order_state(refills=[a_completed_refill(10, at) for at in times])
    assert ROWS[4] == verdict(Case(state, a_claim(), 1500, NOW))


@pytest.mark.parametrize(
    ("below_start", "effective", "row"),
    [
        (BelowStart.REFUSE, 999, 5),
        (BelowStart.REFUSE, 1000, 10),
        (BelowStart.REVIEW, 999, 9),
        (BelowStart.REVIEW, 1000, 10),
        (BelowStart.CAP, 999, 10),
        (BelowStart.CAP, 0, 10),
    ],
)
def test_below_start_refuses_reviews_or_caps_what_is_below_the_floor(
    below_start: BelowStart, effective: int, row: int
) -> None:
    """RULES 5, rows 5 and 9: effective < floor (1000); at the floor is not below it."""
    state = an_order_state(an_order(below_start=below_start))
    assert ROWS[row] == verdict(Case(state, a_claim(effective=effective), effective, NOW))


def test_units_in_flight_lift_an_order_above_its_floor() -> None:
    """RULES 5, rows 5 and 9: the effective count decides, not the visible one (900 + 100 in flight)."""
    state = an_order_state(refills=[a_completed_refill(100, NOW - 2 * HOUR)], order=an_order(cooldown=HOUR))
    assert ROWS[10] == verdict(Case(state, a_claim(effective=1000), 900, NOW))


@pytest.mark.parametrize(
    ("refill", "asked", "row"),
    [
        (RefillMode.ON_REQUEST, False, 6),
        (RefillMode.ON_REQUEST, True, 10),
        (RefillMode.AUTOMATIC, False, 10),
        (RefillMode.AUTOMATIC, True, 10),
    ],
)
def test_on_request_waits_for_a_request(refill: RefillMode, asked: bool, row: int) -> None:
    """RULES 5, row 6: `refill = "on_request"` and no request is pending."""
    state = an_order_state(an_order(refill=refill), request_pending=asked)
    assert ROWS[row] == verdict(Case(state, a_claim(), 1500, NOW))


# Quantity


@pytest.mark.parametrize(
    ("claim", "spent", "expected"),
    [
        # the allowance is 150% of 1000, less what is spent
        (500, 0, 500),
        (1000, 0, 1000),
        (500, 1000, 500),
        (501, 1000, 500),
        (1000, 1499, 1),
        (50, 0, 50),
    ],
)
@pytest.mark.parametrize("mass_drop", [False, True])
def test_quantity_is_the_smaller_of_claim_and_allowance_left(
    claim: int, spent: int, expected: int, mass_drop: bool
) -> None:
    """RULES 5: `min(claim, allowance left)`, for what is refilled and for what is held."""
    refills = [a_completed_refill(spent, LONG_AGO)] if spent else []
    decision = decide(Case(an_order_state(refills=refills), a_claim(claim), 1500, NOW, mass_drop=mass_drop))
    action = Action.HOLD if mass_drop else Action.REFILL
    assert (action, expected) == (decision.action, decision.quantity)


@pytest.mark.parametrize("row", [row for row, (action, _) in ROWS.items() if action in {"wait", "refuse"}])
def test_waiting_and_refusing_give_nothing(row: int) -> None:
    """RULES 5: only `refill` and `hold` have a quantity."""
    expected = 0
    assert expected == decide(case_for({row})).quantity


@pytest.mark.parametrize(("since", "row"), [(-INSTANT, 8), (timedelta(0), 10), (HOUR, 10)])
def test_a_restored_database_holds_refills_until_a_time(since: timedelta, row: int) -> None:
    """RULES 5, row 8: and this is the time at which the drop is decided again."""
    state = replace(an_order_state(), hold_until=NOW - since)
    decision = decide(Case(state, a_claim(), 1500, NOW))
    assert ROWS[row] == (decision.action, decision.reason)
    assert decision.release_at == (NOW - since if row == 8 else None)


def test_a_decision_keeps_its_reason_the_count_the_line_and_the_claim() -> None:
    """RULES 4: every decision is stored with them, so that support can answer in one sentence."""
    state: OrderState = an_order_state(refills=[a_completed_refill(1100, LONG_AGO)])
    decision = decide(Case(state, a_claim(600, effective=1400), 1400, NOW))
    # the allowance left is 1500 less 1100
    expected = Decision("1", NOW, Action.REFILL, Reason.DROP_CONFIRMED, 400, count=1400, line=2000, claim=600)
    assert expected == decision


def test_a_case_and_its_decision_are_immutable() -> None:
    """RULES 4: support answers from the decision as it was made; it and its inputs never change."""
    case = case_for({10})
    decision = decide(case)
    with pytest.raises(FrozenInstanceError):
        case.count = 0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        decision.quantity = 0  # type: ignore[misc]
    assert not hasattr(case, "__dict__")
    assert not hasattr(decision, "__dict__")
