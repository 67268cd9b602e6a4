"""A switch of source is no drop, hides no delivery, and refills nothing twice."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.guarantee.order_update import state_after
from monitor.guarantee.series import Series, admit, begins
from monitor.guarantee.source_switch import expected_count
from monitor.guarantee.verdicts import evaluate_count
from monitor.model.order import Flag, OrderStatus
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome, Snapshot
from monitor.model.terms import Terms
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_completed_refill,
    a_profile,
    a_refill,
    an_order,
    an_order_state,
)
from tests.effort import examples

SEEN_AT = NOW - 2 * DAY
"""The last count of the old source."""


def expected(*state: OrderState, last: int | None = 2000, at: datetime | None = SEEN_AT) -> int | None:
    return expected_count(state, last, at, NOW)


def test_without_deliveries_the_last_count_is_expected() -> None:
    assert expected(an_order_state()) == 2000
    assert expected() == 2000


def test_without_a_count_nothing_is_expected() -> None:
    assert expected(an_order_state(), last=None) is None
    assert expected(an_order_state(), at=None) is None


@pytest.mark.parametrize("state", [RefillState.QUEUED, RefillState.CLAIMED])
def test_nothing_is_expected_while_a_refill_is_open(state: RefillState) -> None:
    """Some of its units may have arrived already."""
    assert expected(an_order_state(), an_order_state(an_order("2"), refills=[a_refill(state=state)])) is None


@pytest.mark.parametrize(
    ("ago", "count_expected"),
    [(INSTANT, None), (DAY - INSTANT, None), (DAY, 2100), (2 * DAY, 2000), (5 * DAY, 2000)],
)
def test_a_refill_is_expected_in_the_count_once_it_has_settled(
    ago: timedelta, count_expected: int | None
) -> None:
    """And only when the old source has not counted since."""
    assert expected(an_order_state(refills=[a_completed_refill(100, NOW - ago)])) == count_expected


def test_a_held_refill_asks_for_no_look() -> None:
    """Nothing of it was sent, and it may be held until a count decides on it again."""
    held = a_refill(state=RefillState.HELD)
    assert expected(an_order_state(), an_order_state(an_order("2"), refills=[held])) == 2000


def test_a_refill_that_the_last_count_did_not_show_yet_is_expected() -> None:
    """It came an hour before that count, which showed 500 too few: it must not be refilled again."""
    assert expected(an_order_state(refills=[a_completed_refill(500, SEEN_AT - HOUR)]), last=1500) == 2000


def test_a_refill_that_the_last_count_showed_is_not_expected_twice() -> None:
    """Delivered units raise an order at most to its line."""
    assert expected(an_order_state(refills=[a_completed_refill(500, SEEN_AT - HOUR)]), last=1990) == 2000
    assert expected(an_order_state(refills=[a_completed_refill(500, SEEN_AT - HOUR)]), last=2300) == 2300


def test_a_short_refill_is_expected_with_its_delivered_units() -> None:
    assert expected(an_order_state(refills=[a_completed_refill(100, NOW - DAY, delivered=30)])) == 2030


@pytest.mark.parametrize("state", [RefillState.DEAD, RefillState.REJECTED, RefillState.CANCELLED])
def test_an_undelivered_refill_is_not_expected(state: RefillState) -> None:
    assert expected(an_order_state(refills=[a_refill(state=state)])) == 2000


@pytest.mark.parametrize(
    ("ago", "count_expected"),
    [
        (INSTANT, None),
        (DAY - INSTANT, None),
        (DAY, 3000),
        (2 * DAY, 3000),
        (3 * DAY - INSTANT, 3000),
        (3 * DAY, 2000),
        (5 * DAY, 2000),
    ],
)
def test_a_delivery_is_expected_in_the_count_once_it_has_settled(
    ago: timedelta, count_expected: int | None
) -> None:
    """Unless the old source has counted since; a count while it settled may be too early."""
    assert expected(an_order_state(), an_order_state(an_order("2", completed_at=NOW - ago))) == count_expected


@pytest.mark.parametrize("status", [s for s in OrderStatus if s.waiting])
def test_nothing_is_expected_while_an_order_is_being_delivered(status: OrderStatus) -> None:
    """Arrived units would become part of the offset, and would be refilled later."""
    assert expected(an_order_state(), an_order_state(an_order("2", status=status, completed_at=None))) is None


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.REFUNDED, OrderStatus.FAIL])
def test_an_order_that_will_not_be_delivered_delays_no_switch(status: OrderStatus) -> None:
    assert expected(an_order_state(), an_order_state(an_order("2", status=status, completed_at=None))) == 2000


def test_delivered_units_of_a_flagged_order_are_expected() -> None:
    flagged = an_order_state(an_order("2", completed_at=NOW - DAY), flags=[Flag.HOLD])
    assert expected(flagged) == 3000


# A history: one order, two sources, refills completed around the switch


def snapshot(count: int, at: datetime, source: str) -> Snapshot:
    return Snapshot(a_profile(), at, Outcome.COUNT, source, count, "follower_count")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lose", "lose", "gain", "deliver", "", ""]),
        st.integers(0, 400),
        st.integers(1, 40),
        st.booleans(),
    ),
    min_size=4,
    max_size=24,
)


def play(steps: list[tuple[str, int, int, bool]], differs: int) -> tuple[int, int, int]:
    """Play the steps; returns the units lost, the units refilled, and the true count."""
    limitless = Terms(cooldown=timedelta(0), max_refills=0, max_refill_percent=10_000, window=None)
    state = an_order_state(an_order(start_count=100_000, terms=limitless))
    series, counted_at = Series(), None
    true, now, lost = 101_000, START + DAY, 0
    for number, (what, units, hours, other) in enumerate(steps):
        now += hours * HOUR
        if what == "lose":
            true, lost = true - units, lost + units
        elif what == "gain":
            true += units
        elif what == "deliver":
            refills = [r for r in state.refills if r.state.open]
            true += sum(r.quantity for r in refills)
            done = [replace(r, state=RefillState.COMPLETED, completed_at=now) for r in refills]
            state = replace(state, refills=(*(r for r in state.refills if r not in refills), *done))
        now += HOUR
        look = snapshot(true + differs, now, "b") if other and number else snapshot(true, now, "a")
        before = series
        count_expected = expected_count([state], series.last_count, counted_at, now)
        kept, series = admit(look, series, count_expected)
        if kept.count is None:
            continue
        counted_at = now
        if begins(before, series):
            continue
        (verdict,) = evaluate_count([state], kept.judged or 0, now)
        state = state_after(state, verdict)
    return lost, sum(refill.units for refill in state.refills), true


@given(STEPS, st.integers(-90_000, 90_000))
@examples(150)
def test_no_switch_of_source_refills_a_loss_twice(
    steps: list[tuple[str, int, int, bool]], differs: int
) -> None:
    """For any difference between the sources, and any losses, refills and gains around the switches."""
    lost, refilled, _ = play(steps, differs)
    assert refilled <= lost


@given(STEPS, st.integers(-90_000, 90_000))
@examples(50)
def test_the_difference_between_two_sources_changes_nothing(
    steps: list[tuple[str, int, int, bool]], differs: int
) -> None:
    """The refills are those of two sources that agree."""
    assert play(steps, differs) == play(steps, 0)


def test_a_delivery_is_under_way_from_the_moment_of_completion() -> None:
    assert expected(an_order_state(an_order(completed_at=NOW))) is None
    assert expected(an_order_state(an_order(completed_at=NOW + INSTANT, start_count=None))) == 2000


def test_an_order_without_settling_time_is_expected_from_its_completion() -> None:
    """2000 counted before, 1000 delivered at this very moment."""
    delivered = an_order(completed_at=NOW, settle=timedelta(0), start_count=2000)
    assert expected(an_order_state(delivered)) == 3000


def test_an_order_completed_at_this_moment_limits_what_may_have_arrived() -> None:
    """Its line is 2000: a refill that came before the last count cannot have made it more."""
    order = an_order(completed_at=NOW, settle=timedelta(0), delivered=1, start_count=2000)
    other = an_order("2", completed_at=NOW - 3 * DAY)
    refilled = an_order_state(other, refills=[a_completed_refill(500, SEEN_AT - HOUR)])
    assert expected(an_order_state(order), refilled, last=1990) == 2002
