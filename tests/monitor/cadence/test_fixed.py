"""The fixed cadence: fixed intervals, shorter for young orders, and the times the rules depend on."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cadence.fixed import FixedCadence
from monitor.cadence.schedule import LookSummary, NextLook, Priority
from monitor.guarantee.verdicts import evaluate_count
from monitor.model.drop import Drop, DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.snapshot import Outcome
from tests.builders import DAY, HOUR, INSTANT, MINUTE, NOW, SECOND, START, a_drop, an_order, an_order_state
from tests.effort import examples
from tests.monitor.strategies import HOURS, targets

CADENCE = FixedCadence(every=6 * HOUR)
"""A sixth of it is 1 h, half of it 3 h, the shortest wait 10 min."""
READ = LookSummary(Outcome.COUNT)
FAULTS = (
    Outcome.TRANSIENT,
    Outcome.SCHEMA,
    Outcome.RATE_LIMITED,
    Outcome.BLOCKED,
    Outcome.LOGIN_REQUIRED,
)


def the_look(*state: OrderState, seen: LookSummary = READ, now: datetime = NOW) -> NextLook:
    look = CADENCE.next_look(state, seen, now)
    assert look is not None
    return look


# Routine looks


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), HOUR),
        (DAY - INSTANT, HOUR),
        (DAY, 3 * HOUR),
        (3 * DAY - INSTANT, 3 * HOUR),
        (3 * DAY, 6 * HOUR),
        (20 * DAY, 6 * HOUR),
    ],
)
def test_young_orders_are_looked_at_more_often(age: timedelta, expected: timedelta) -> None:
    """A sixth of the interval on the first day, a half up to three days, then the whole."""
    settled = an_order_state(an_order(settle=timedelta(0)))
    now = START + age
    assert NextLook(now + expected, Priority.ROUTINE, "routine") == the_look(settled, now=now)


def test_the_youngest_order_of_a_target_sets_its_pace() -> None:
    """One look serves all orders of a target, so the soonest reason counts."""
    young = an_order_state(an_order("2", completed_at=NOW - 2 * DAY))
    expected = NOW + 3 * HOUR
    assert expected == the_look(an_order_state(), young).at


# Times that the rules depend on


@pytest.mark.parametrize("before", [INSTANT, 20 * MINUTE, HOUR])
def test_a_look_is_due_when_a_delivery_settles(before: timedelta) -> None:
    """RULES 3: from completed_at + settle on the order is judged."""
    order = an_order(settle=24 * HOUR)
    settles = START + 24 * HOUR
    expected = NextLook(settles + max(10 * MINUTE - before, 0 * MINUTE), Priority.URGENT, "1 settles")
    assert expected == the_look(an_order_state(order), now=settles - before)


@pytest.mark.parametrize("before", [2 * HOUR, 31 * MINUTE, 30 * MINUTE + INSTANT])
def test_a_last_look_is_due_shortly_before_a_guarantee_ends(before: timedelta) -> None:
    """RULES 4: a drop opens inside the window only; half an hour is left for this look to be made."""
    ends = START + 30 * DAY
    at = max(ends - 30 * MINUTE, ends - before + 10 * MINUTE)
    expected = NextLook(at, Priority.URGENT, "guarantee of 1 ends")
    assert expected == the_look(an_order_state(), now=ends - before)


def test_a_target_of_many_orders_does_not_take_the_whole_budget() -> None:
    """Its looks are ten minutes apart for any number of orders that settle or end."""
    crowd = [
        an_order_state(an_order(str(n), completed_at=START + n * MINUTE, settle=24 * HOUR))
        for n in range(300)
    ]
    now, gaps = START + 24 * HOUR, []
    for _ in range(20):
        then = the_look(*crowd, now=now).at
        gaps.append(then - now)
        now = then
    assert min(gaps) >= 10 * MINUTE


def test_the_last_look_is_scheduled_once() -> None:
    """In the last half hour no further look is in time."""
    now = START + 30 * DAY - 30 * MINUTE
    assert NextLook(now + 6 * HOUR, Priority.ROUTINE, "routine") == the_look(an_order_state(), now=now)


@pytest.mark.parametrize(
    ("confirmations", "looks", "since", "expected"),
    [
        # two hours from the opening look to the confirming one; how long from now
        (2, 1, timedelta(0), 2 * HOUR),
        (2, 1, HOUR, HOUR),
        (2, 2, HOUR, HOUR),
        (3, 1, timedelta(0), HOUR),
        (3, 2, HOUR, HOUR),
        (3, 1, 30 * MINUTE, 45 * MINUTE),
        (5, 1, timedelta(0), 30 * MINUTE),
        (1, 1, 90 * MINUTE, 30 * MINUTE),
        # late already: as soon as it may be
        (2, 1, 2 * HOUR, 10 * MINUTE),
        (3, 2, 5 * HOUR, 10 * MINUTE),
    ],
)
def test_confirming_looks_are_spread_evenly_up_to_confirm_after(
    confirmations: int, looks: int, since: timedelta, expected: timedelta
) -> None:
    """RULES 4: the last of the looks that confirm falls on opened_at + confirm_after."""
    order = an_order(confirmations=confirmations, confirm_after=2 * HOUR)
    state = an_order_state(order, drop=a_drop(opened_at=NOW - since, looks=looks))
    assert NextLook(NOW + expected, Priority.URGENT, "confirm drop of 1") == the_look(state)


@given(st.integers(1, 6), st.integers(0, 48 * 60))
@examples(50)
def test_the_scheduled_looks_confirm_a_drop_at_the_earliest_time(confirmations: int, minutes: int) -> None:
    """RULES 4, for any terms: no confirming look is late or without effect."""
    confirm_after = minutes * MINUTE
    order = an_order(confirmations=confirmations, confirm_after=confirm_after, window=None)
    cadence = FixedCadence(every=1000 * HOUR)
    now, drop, asked = NOW, None, []
    for _ in range(confirmations + 1):
        (verdict,) = evaluate_count([an_order_state(order, drop=drop)], 1500, now)
        if verdict.decision is not None:
            break
        drop = verdict.drop
        look = cadence.next_look([an_order_state(order, drop=drop)], READ, now)
        assert look is not None
        now = look.at
        asked.append(now - NOW)
    # where there is no time to spread looks over, they follow each other at the shortest wait
    evenly = [confirm_after * i / (confirmations - 1) for i in range(1, confirmations)] or [confirm_after]
    quickly = [cadence.soon * i for i in range(1, confirmations)]
    expected = evenly if confirm_after else quickly
    assert all(abs(a - e) < SECOND for a, e in zip(asked, expected, strict=True))
    assert verdict.decision is not None


@pytest.mark.parametrize("state", [DropState.WAITING, DropState.REFUSED])
def test_a_confirmed_drop_needs_no_confirming_look(state: DropState) -> None:
    """RULES 4: it is decided again at each routine look."""
    expected = NOW + 6 * HOUR
    assert expected == the_look(an_order_state(drop=a_drop(opened_at=NOW - DAY, state=state))).at


def test_an_urgent_look_precedes_a_routine_look_at_the_same_time() -> None:
    """Due looks of a more urgent priority go first."""
    order = an_order(settle=HOUR)
    assert Priority.URGENT is the_look(an_order_state(order), now=START).priority
    assert Priority.URGENT < Priority.ROUTINE


# After a failed look


@pytest.mark.parametrize("outcome", [Outcome.PRIVATE, Outcome.NOT_FOUND, Outcome.HIDDEN, Outcome.UNAVAILABLE])
def test_a_target_with_nothing_to_read_is_looked_at_at_the_usual_interval(outcome: Outcome) -> None:
    """An earlier look would not help, neither for a young order nor for an open drop."""
    young = an_order_state(an_order(completed_at=NOW - 2 * HOUR), drop=a_drop())
    expected = (NOW + 6 * HOUR, Priority.ROUTINE)
    look = the_look(young, seen=LookSummary(outcome, failures=3))
    assert expected == (look.at, look.priority)


@pytest.mark.parametrize("outcome", FAULTS)
@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 320), (7, 360), (8, 360), (1000, 360)],
)
def test_a_transient_fault_is_retried_at_doubling_waits(
    outcome: Outcome, failures: int, minutes: int
) -> None:
    """10 minutes, doubled with each failure in a row, and never longer than the interval."""
    look = the_look(an_order_state(), seen=LookSummary(outcome, failures))
    assert (NOW + minutes * MINUTE, Priority.ROUTINE) == (look.at, look.priority)


def test_a_suspect_count_is_checked_soon() -> None:
    """RULES 2: a fall to 0 waits for the target's next count."""
    expected = NOW + 10 * MINUTE
    assert expected == the_look(an_order_state(), seen=LookSummary(Outcome.SCHEMA, rejected=True)).at


# Targets without a need for looks


@pytest.mark.parametrize(
    "state",
    [
        an_order_state(flags=[Flag.HOLD]),
        an_order_state(an_order(window=DAY)),
        an_order_state(an_order(window=DAY), drop=a_drop(opened_at=START + HOUR, state=DropState.REFUSED)),
        an_order_state(an_order(status=OrderStatus.REFUNDED)),
        an_order_state(an_order(status=OrderStatus.PENDING, completed_at=None)),
    ],
    ids=["flagged", "over", "over and refused", "refunded", "not delivered"],
)
@pytest.mark.parametrize("seen", [READ, LookSummary(Outcome.TRANSIENT, 1), LookSummary(Outcome.PRIVATE)])
def test_a_target_none_of_whose_orders_is_covered_needs_no_look(state: OrderState, seen: LookSummary) -> None:
    """None when no order of the target needs a look any more, however the last one ended."""
    assert CADENCE.next_look([state], seen, NOW) is None
    assert CADENCE.next_look([], seen, NOW) is None


def test_an_open_drop_keeps_its_target_looked_at_beyond_the_window() -> None:
    """RULES 3: active as long as it has an open drop that opened inside the window."""
    order = an_order(window=9 * DAY)
    state = an_order_state(order, drop=Drop("1", DropState.SUSPECTED, NOW - DAY - HOUR))
    expected = NOW + 10 * MINUTE
    assert expected == the_look(state).at


@given(targets(), HOURS, st.sampled_from(Outcome), st.integers(0, 40), st.booleans())
@examples(50)
def test_the_next_look_is_in_the_future_and_no_later_than_the_interval(
    orders: list[OrderState], now: datetime, outcome: Outcome, failures: int, doubted: bool
) -> None:
    """Whatever the orders and however the newest look ended."""
    look = CADENCE.next_look(orders, LookSummary(outcome, failures, doubted), now)
    assert look is None or now < look.at <= now + CADENCE.every


def test_a_target_of_orders_that_are_completed_later_is_looked_at_then() -> None:
    """The clock is behind: with a right one they are covered, and would be forgotten."""
    state = an_order_state(an_order(completed_at=NOW))
    for now, at in ((NOW - HOUR, NOW), (NOW - 1000 * DAY, NOW - 1000 * DAY + 6 * HOUR)):
        look = FixedCadence(6 * HOUR).next_look([state], LookSummary(Outcome.COUNT, count=5), now)
        assert look is not None
        assert (look.at, look.priority) == (at, Priority.ROUTINE)
    flagged = an_order_state(state.order, flags=frozenset({Flag.DISPUTE}))
    seen = LookSummary(Outcome.COUNT, count=5)
    assert FixedCadence(6 * HOUR).next_look([flagged], seen, NOW - HOUR) is None
