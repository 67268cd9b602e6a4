"""RULES 3: lines and claims; each lost unit is owed once."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from monitor.guarantee.claims import claims_of
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.terms import BelowStart
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_completed_refill,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import units

LATER = START + DAY
LONG_AGO = START + 2 * DAY

# Lines and floors


def test_line_is_the_baseline_plus_what_later_orders_delivered() -> None:
    """RULES 3: line(i) = baseline(i) + sum of delivered(j) over the active orders j after i."""
    orders = [
        an_order_state(an_order("a", start_count=1000, delivered=1000)),
        an_order_state(an_order("b", start_count=2000, delivered=500, completed_at=START + DAY)),
        an_order_state(an_order("c", start_count=2400, delivered=70, completed_at=START + 2 * DAY)),
    ]
    claims = claims_of(orders, 2000, NOW)
    # line a is 1000 + 1000 and 500 + 70 on top, b is 2000 + 500 and 70, c is 2400 + 70;
    # the floors are 1000, 500 and 70 below
    expected = {"a": (2570, 1570), "b": (2570, 2070), "c": (2470, 2400)}
    assert expected == {i: (c.line, c.floor) for i, c in claims.items()}


def test_orders_completed_at_the_same_time_follow_each_other_by_order_id() -> None:
    """RULES 3: the order of (completed_at, order_id)."""
    orders = [
        an_order_state(an_order("b", start_count=0, delivered=5)),
        an_order_state(an_order("a", start_count=0, delivered=7)),
    ]
    # a comes first, 0 + 7 and 5 on top; b is 0 + 5
    expected = {"a": 12, "b": 5}
    assert expected == {i: c.line for i, c in claims_of(orders, 0, NOW).items()}


@pytest.mark.parametrize(
    "later",
    [
        an_order_state(an_order("b", completed_at=NOW - HOUR), request_pending=True),
        an_order_state(an_order("b", completed_at=START + DAY), flags=[Flag.DISPUTE]),
        an_order_state(an_order("b", completed_at=START + DAY, window=2 * DAY)),
        an_order_state(an_order("b", completed_at=START + DAY, status=OrderStatus.REFUNDED)),
        an_order_state(an_order("b", completed_at=None, status=OrderStatus.IN_PROGRESS)),
    ],
    ids=["not settled", "void", "window over", "refunded", "not delivered"],
)
def test_an_order_that_is_not_active_raises_no_line_and_claims_nothing(later: OrderState) -> None:
    """RULES 3: lines and claims are those of the active orders."""
    claims = claims_of([an_order_state(an_order("a")), later], 1600, NOW)
    # line 1000 + 1000, nothing on top; missing 2000 - 1600
    expected = {"a": (2000, 400)}
    assert expected == {i: (c.line, c.units) for i, c in claims.items()}


def test_a_partial_order_counts_with_its_delivered_units() -> None:
    """RULES 2 and 3: delivered = quantity - remains, in baseline, line, floor and claim."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=700, remains=300)
    claim = claims_of([an_order_state(partial)], 0, NOW)["1"]
    # of 1000 ordered 300 remain: 1000 + 700; floor 1000; missing 1700, but only 700 were delivered
    expected = (1700, 1000, 700)
    assert expected == (claim.line, claim.floor, claim.units)


# In flight, effective, room


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RefillState.HELD, 300),
        (RefillState.QUEUED, 300),
        (RefillState.CLAIMED, 300),
        (RefillState.DEAD, 0),
        (RefillState.REJECTED, 0),
        (RefillState.CANCELLED, 0),
    ],
)
def test_held_queued_and_claimed_refills_are_in_flight(state: RefillState, expected: int) -> None:
    """RULES 3: units of refills that are held, queued or claimed; ended ones are not."""
    assert expected == an_order_state(refills=[a_refill(300, state)]).in_flight(NOW)


@pytest.mark.parametrize(
    ("later", "expected"),
    [(timedelta(0), 300), (24 * HOUR - INSTANT, 300), (24 * HOUR, 0)],
)
def test_a_completed_refill_is_in_flight_until_it_has_settled(later: timedelta, expected: int) -> None:
    """RULES 3: completed but not yet settled, t < refill.completed_at + settle."""
    state = an_order_state(an_order(settle=24 * HOUR), refills=[a_completed_refill(300, NOW)])
    assert expected == state.in_flight(NOW + later)


@pytest.mark.parametrize("expected", [0, 120, 300])
def test_a_partly_delivered_refill_is_in_flight_with_what_was_delivered(expected: int) -> None:
    """RULES 3: the units of a completed refill are those that fulfilment delivered, of 300 asked."""
    assert expected == an_order_state(refills=[a_completed_refill(300, NOW, delivered=expected)]).in_flight(
        NOW
    )


def test_effective_is_the_count_plus_all_units_in_flight() -> None:
    """RULES 3: effective = count + in_flight, over all refills of the target's orders."""
    a = an_order_state(an_order("a"), refills=[a_refill(300), a_completed_refill(50, NOW)])
    b = an_order_state(an_order("b", completed_at=START + DAY), refills=[a_refill(7, RefillState.HELD)])
    claims = claims_of([a, b], 1500, NOW)
    # the count 1500, and 300, 50 and 7 on their way
    expected = {"a": 1857, "b": 1857}
    assert expected == {i: c.effective for i, c in claims.items()}


def test_refills_of_orders_that_are_not_active_are_in_flight_too() -> None:
    """RULES 3: all refills of the target's orders; RULES 4: a claimed one is left to its consumer."""
    void = an_order_state(
        an_order("void"), flags=[Flag.CHARGEBACK], refills=[a_refill(250, RefillState.CLAIMED)]
    )
    claims = claims_of([an_order_state(an_order("a")), void], 1500, NOW)
    # line 2000; 1500 + 250 are there or on their way
    expected = {"a": 250}
    assert expected == units(claims)


@pytest.mark.parametrize(
    ("quantity", "count", "expected"),
    [
        # line 2000; room 1000 - quantity; missing 2000 - (count + quantity)
        (300, 1500, 200),
        (300, 1000, 700),
        (300, 0, 700),
        (300, 1700, 0),
        (300, 1900, 0),
        (1000, 0, 0),
        (1500, 0, 0),  # more in flight than was delivered: room is max(0, …), never below
    ],
)
def test_room_is_what_was_delivered_less_what_is_in_flight(quantity: int, count: int, expected: int) -> None:
    """RULES 3: room(i) = max(0, delivered(i) - in_flight(i)) limits the claim."""
    state = an_order_state(refills=[a_refill(quantity)])
    assert expected == units(claims_of([state], count, NOW))["1"]


def test_units_in_flight_for_another_order_take_no_room_of_this_one() -> None:
    """RULES 3: in_flight(i) is the order's own; those of others only raise the effective count."""
    a = an_order_state(an_order("a", start_count=0, delivered=100), refills=[a_refill(80)])
    b = an_order_state(an_order("b", start_count=100, delivered=100, completed_at=START + DAY))
    # lines 200, 200; effective 80; missing 120: a (ends first) has room 20, b pays the other 100
    expected = {"a": 20, "b": 100}
    assert expected == units(claims_of([a, b], 0, NOW))


# Slices: who pays


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (2000, 0),
        (2100, 0),  # organic growth belongs to no claim
        (1999, 1),
        (1700, 300),
        (1000, 1000),
        (999, 1000),  # below the start: never more than was delivered
        (0, 1000),
    ],
)
def test_one_order_alone_claims_by_the_usual_formula(count: int, expected: int) -> None:
    """RULES 3: claim = min(delivered, start_count + delivered - count)."""
    assert expected == units(claims_of([an_order_state()], count, NOW))["1"]


def _overlapping(b_start: int, a_window: timedelta | None, b_window: timedelta | None) -> list[OrderState]:
    """Order a of 1000 from 1000 on, and a day later order b of 500."""
    return [
        an_order_state(an_order("a", start_count=1000, delivered=1000, window=a_window)),
        an_order_state(
            an_order("b", start_count=b_start, delivered=500, completed_at=START + DAY, window=b_window)
        ),
    ]


@pytest.mark.parametrize(
    ("count", "a", "b"),
    [
        # both lines are 2500: a = 1000 + 1000 + 500, b = 2000 + 500
        (2500, 0, 0),
        (2200, 300, 0),  # missing 300, a ends first
        (1500, 1000, 0),  # missing 1000, all of it within a's room
        (1200, 1000, 300),  # missing 1300, the rest falls to b
        (500, 1000, 500),  # missing 2000, more than both delivered: 500 belong to none
    ],
)
def test_inside_a_slice_the_order_whose_guarantee_ends_first_pays_first(count: int, a: int, b: int) -> None:
    """RULES 3: a's guarantee ends a day before b's; each pays up to its remaining room."""
    assert {"a": a, "b": b} == units(claims_of(_overlapping(2000, 30 * DAY, 30 * DAY), count, NOW))


@pytest.mark.parametrize(
    ("count", "a", "b"),
    [
        (2200, 0, 300),
        (1500, 500, 500),
        (1200, 800, 500),
        (500, 1000, 500),
    ],
)
def test_the_earlier_order_pays_last_when_its_guarantee_ends_last(count: int, a: int, b: int) -> None:
    """RULES 3: the end of the guarantee decides, not the completion; b's 15 days are over before a's 30."""
    assert {"a": a, "b": b} == units(claims_of(_overlapping(2000, 30 * DAY, 15 * DAY), count, NOW))


@pytest.mark.parametrize(
    ("a_window", "b_window", "payer"), [(None, 30 * DAY, "b"), (30 * DAY, None, "a"), (None, None, "a")]
)
def test_a_lifetime_guarantee_pays_last(
    a_window: timedelta | None, b_window: timedelta | None, payer: str
) -> None:
    """RULES 3: what never ends does not end first; two that never end are a tie."""
    expected = {"a": 0, "b": 0} | {payer: 300}
    assert expected == units(claims_of(_overlapping(2000, a_window, b_window), 2200, NOW))


def test_guarantees_that_end_together_pay_in_the_order_of_completion() -> None:
    """RULES 3: ties go by `completed_at`: 30 days from day 0 and 29 from day 1 end together."""
    expected = {"a": 300, "b": 0}
    assert expected == units(claims_of(_overlapping(2000, 30 * DAY, 29 * DAY), 2200, NOW))


def test_completion_breaks_a_tie_before_the_order_id() -> None:
    """RULES 3: (ties: `completed_at`, then `order_id`), in this order."""
    orders = [
        an_order_state(an_order("z", start_count=0, delivered=100, window=30 * DAY)),
        an_order_state(
            an_order("a", start_count=100, delivered=100, window=29 * DAY, completed_at=START + DAY)
        ),
    ]
    # both lines are 200 and both end on day 30; 50 missing
    expected = {"z": 50, "a": 0}
    assert expected == units(claims_of(orders, 150, NOW))


def test_guarantees_that_end_and_began_together_pay_in_the_order_of_order_id() -> None:
    """RULES 3: the last tie goes by `order_id`."""
    orders = [an_order_state(an_order(i, start_count=0, delivered=10)) for i in ("c", "a", "b")]
    # lines: a 30, b 20, c 10; count 5: a pays up to 30, b up to 20, c from 5 to 10
    expected = {"a": 10, "b": 10, "c": 5}
    assert expected == units(claims_of(orders, 5, NOW))


@pytest.mark.parametrize(
    ("count", "a", "b"),
    [
        # b started at 1800, 200 below a's line of then: line a 2500, line b 2300
        (2500, 0, 0),
        (2400, 100, 0),  # only a's line reaches the slice 2300..2500
        (2300, 200, 0),
        (2200, 200, 100),  # 2200..2300 is b's (it ends first), 2300..2500 is a's
        (1800, 200, 500),
        (1700, 300, 500),  # b's room is spent: a pays the rest of the lower slice
    ],
)
def test_a_slice_belongs_to_the_orders_whose_line_reaches_its_top(count: int, a: int, b: int) -> None:
    """RULES 3: cut at the lines; b, which ends first, pays nothing above its own line."""
    assert {"a": a, "b": b} == units(claims_of(_overlapping(1800, 30 * DAY, 15 * DAY), count, NOW))


@pytest.mark.parametrize(
    ("count", "a", "b"),
    [
        # b started at 2400, 400 above: line a 2500, line b 2900; a ends first
        (2900, 0, 0),
        (2700, 0, 200),
        (2500, 0, 400),
        (2450, 50, 400),
        (2400, 100, 400),
        (2300, 200, 400),
        (1500, 1000, 400),
        (1450, 1000, 450),
        (1000, 1000, 500),
    ],
)
def test_growth_between_two_orders_belongs_to_the_later_one(count: int, a: int, b: int) -> None:
    """RULES 3: the slice above a's line belongs to b alone, in any order of their ends."""
    assert {"a": a, "b": b} == units(claims_of(_overlapping(2400, 30 * DAY, 30 * DAY), count, NOW))


def test_slices_are_paid_from_the_highest_downwards() -> None:
    """RULES 3: the fewest orders reach the highest slice, so they spend their room there."""
    orders = [
        an_order_state(an_order("a", start_count=1100, delivered=100)),
        an_order_state(an_order("b", start_count=1000, delivered=100, completed_at=LATER, created_at=LATER)),
    ]
    # lines: a 1300, b 1100; count 1050: a ends first and spends its room on 1100..1300, b pays 1050..1100
    expected = {"a": 100, "b": 50}
    assert expected == units(claims_of(orders, 1050, NOW))


def test_who_can_be_refilled_pays_before_who_has_no_allowance_left() -> None:
    """RULES 3: the order without allowance claims only what the other one has no room for."""
    spent = an_order_state(
        an_order("a", start_count=1000, delivered=100), refills=[a_completed_refill(150, LONG_AGO)]
    )
    other = an_order_state(an_order("b", start_count=1100, delivered=100, completed_at=LATER))
    assert units(claims_of([spent, other], 1150, NOW)) == {"a": 0, "b": 50}
    assert units(claims_of([spent, other], 1050, NOW)) == {"a": 50, "b": 100}


@pytest.mark.parametrize(
    "cannot",
    [
        an_order_state(an_order("a", max_refills=1), refills=[a_completed_refill(10, LONG_AGO)]),
        an_order_state(drop=a_drop(state=DropState.REFUSED)),
    ],
)
def test_who_is_refused_claims_only_what_nobody_else_pays(cannot: OrderState) -> None:
    """RULES 3: with its refill limit reached, or refused before."""
    other = an_order_state(an_order("b", start_count=2000, completed_at=LATER))
    assert units(claims_of([cannot, other], 1900, NOW)) == {cannot.order.order_id: 100, "b": 1000}


@pytest.mark.parametrize(
    ("below_start", "a", "b"), [(BelowStart.REVIEW, 50, 50), (BelowStart.REFUSE, 0, 100)]
)
def test_who_would_be_refused_below_its_start_count_pays_after_the_others(
    below_start: BelowStart, a: int, b: int
) -> None:
    """RULES 3 and 5, row 5: both lines are 3000; a ends first, but the count is below its floor of 2950."""
    first = an_order("a", start_count=1950, delivered=50, below_start=below_start)
    second = an_order("b", start_count=2000, completed_at=LATER, created_at=LATER)
    assert units(claims_of([an_order_state(first), an_order_state(second)], 2900, NOW)) == {"a": a, "b": b}


def test_a_declined_refill_keeps_its_claim() -> None:
    """RULES 3: no other order pays for what was declined."""
    refused = a_drop(state=DropState.REFUSED, last_decision=(Action.REFUSE, Reason.DECLINED))
    declined = an_order_state(an_order("a"), drop=refused)
    other = an_order_state(an_order("b", start_count=2000, completed_at=LATER))
    assert units(claims_of([declined, other], 2700, NOW)) == {"a": 300, "b": 0}


def test_an_order_that_waits_can_be_refilled() -> None:
    """RULES 3: for the cooldown, a request, or a refill in progress; a ends first and pays."""
    cooling = an_order_state(an_order("a"), refills=[a_completed_refill(10, NOW - HOUR)])
    other = an_order_state(an_order("b", start_count=2000, completed_at=LATER))
    assert units(claims_of([cooling, other], 2700, NOW))["a"] == 290


def test_a_target_without_active_orders_has_no_claims() -> None:
    """RULES 3: claims are of active orders only."""
    assert not claims_of([an_order_state(flags=[Flag.HOLD])], 0, NOW)
    assert not claims_of([], 0, NOW)


def test_a_claim_names_its_order() -> None:
    """RULES 4: a decision is stored with its claim, so a claim has its order id."""
    orders = [an_order_state(an_order("a")), an_order_state(an_order("b", completed_at=START + DAY))]
    assert {i: c.order_id for i, c in claims_of(orders, 0, NOW).items()} == {"a": "a", "b": "b"}


def test_a_claim_is_immutable() -> None:
    """RULES 3: the claims are computed once, before any decision, and do not change."""
    claim = claims_of([an_order_state()], 1500, NOW)["1"]
    with pytest.raises(FrozenInstanceError):
        claim.units = 0  # type: ignore[misc]
    assert not hasattr(claim, "__dict__")
