"""RULES 4: a drop, from suspicion to confirmation or recovery."""

from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta

import pytest

from monitor.guarantee.drops import confirm, observe
from monitor.model.drop import Drop, DropState
from monitor.model.terms import Terms
from tests.builders import DAY, HOUR, INSTANT, NOW, START, a_drop, an_order

STANDARD = an_order()
"""Delivered 1000: threshold max(10, 5% of 1000, 1) = 50."""


# Opening


@pytest.mark.parametrize(("claim", "opens"), [(0, False), (49, False), (50, True), (51, True), (1000, True)])
def test_a_drop_opens_at_the_first_judged_snapshot_with_a_claim_of_the_threshold(
    claim: int, opens: bool
) -> None:
    """RULES 4: claim >= threshold opens it, as `suspected`."""
    expected = Drop("1", DropState.SUSPECTED, opened_at=NOW, looks=1) if opens else None
    assert expected == observe(None, STANDARD, claim, NOW)


@pytest.mark.parametrize(
    ("at", "opens"),
    [(START, True), (START + 30 * DAY - INSTANT, True), (START + 30 * DAY, False), (START + 60 * DAY, False)],
)
def test_a_drop_opens_inside_the_window_only(at: datetime, opens: bool) -> None:
    """RULES 4: at the first judged snapshot inside the window, whose end is outside."""
    assert opens == (observe(None, STANDARD, 1000, at) is not None)


def test_a_drop_opens_at_any_time_of_a_lifetime() -> None:
    """RULES 5, defaults: a `lifetime` has no end to be outside of."""
    assert observe(None, an_order(window=None), 1000, START + 5000 * DAY) is not None


# Continuing and closing


@pytest.mark.parametrize("state", [DropState.SUSPECTED, DropState.WAITING, DropState.REFUSED])
@pytest.mark.parametrize("claim", [0, 49])
def test_any_judged_snapshot_below_the_threshold_closes_an_open_drop(state: DropState, claim: int) -> None:
    """RULES 4: below the threshold means `recovered`, in any open state."""
    drop = a_drop(opened_at=NOW - HOUR, state=state, looks=3)
    expected = replace(drop, state=DropState.RECOVERED, closed_at=NOW)
    assert expected == observe(drop, STANDARD, claim, NOW)


@pytest.mark.parametrize("state", [DropState.SUSPECTED, DropState.WAITING, DropState.REFUSED])
def test_a_judged_snapshot_at_the_threshold_keeps_an_open_drop_open(state: DropState) -> None:
    """RULES 4: at the threshold is not below it; the state stays and the look counts."""
    after = observe(a_drop(opened_at=NOW - HOUR, state=state, looks=3), STANDARD, 50, NOW)
    assert a_drop(opened_at=NOW - HOUR, state=state, looks=4) == after


def test_an_open_drop_is_followed_beyond_the_window() -> None:
    """RULES 3 and 4: only opening needs the window."""
    opened = START + 30 * DAY - HOUR
    after = observe(a_drop(opened_at=opened), STANDARD, 50, START + 30 * DAY + HOUR)
    assert a_drop(opened_at=opened, looks=2) == after


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (DropState.SUSPECTED, True),
        (DropState.WAITING, True),
        (DropState.REFUSED, True),
        (DropState.RECOVERED, False),
        (DropState.REFILLED, False),
        (DropState.HELD, False),
        (DropState.CLOSED, False),
    ],
)
def test_refill_and_hold_close_a_drop_and_refuse_leaves_it(state: DropState, is_open: bool) -> None:
    """RULES 4: `refill`, `hold`, recovery and a flag close it; suspected, waiting and refused are open."""
    assert is_open is state.open


# Confirming


@pytest.mark.parametrize(
    ("confirmations", "confirm_after", "looks", "expected"),
    [
        # looks in hours since the opening one; expected: which of them confirms
        (1, 0, [0], 0),
        (1, 2, [0, 1, 2], 2),
        (2, 0, [0, 0], 1),
        (2, 0, [0, 1], 1),
        (2, 2, [0], None),
        (2, 2, [0, 2], 1),
        (2, 2, [0, 1, 2], 2),
        (2, 2, [0, 1, 1.99], None),
        (2, 2, [0, 5], 1),
        (3, 2, [0, 3], None),
        (3, 2, [0, 3, 3], 2),
        (3, 2, [0, 1, 2], 2),
        (3, 2, [0, 1, 1, 1], None),
        (3, 2, [0, 1, 1, 1, 2], 4),
    ],
)
def test_a_drop_is_confirmed_with_enough_looks_far_enough_apart(
    confirmations: int, confirm_after: int, looks: list[float], expected: int | None
) -> None:
    """RULES 4: `confirmations` looks, the opening one counts, and `confirm_after` since it opened."""
    order = an_order(confirmations=confirmations, confirm_after=confirm_after * HOUR)
    drop, confirmed = None, []
    for number, hours in enumerate(looks):
        seen = observe(drop, order, 50, NOW + hours * HOUR)
        assert seen is not None
        drop = confirm(seen, order.terms, NOW + hours * HOUR)
        if drop.state is DropState.WAITING:
            confirmed.append(number)
    assert expected == next(iter(confirmed), None)


@pytest.mark.parametrize(("short", "confirms"), [(INSTANT, False), (timedelta(0), True)])
def test_confirm_after_is_reached_at_its_very_moment(short: timedelta, confirms: bool) -> None:
    """RULES 4: at least `confirm_after` between the opening look and the confirming one."""
    now = NOW + 2 * HOUR - short
    drop = a_drop(opened_at=NOW, looks=2)
    expected = replace(drop, state=DropState.WAITING, confirmed_at=now) if confirms else drop
    assert expected == confirm(drop, Terms(confirm_after=2 * HOUR), now)


@pytest.mark.parametrize("state", sorted(set(DropState) - {DropState.SUSPECTED}))
def test_only_a_suspected_drop_can_be_confirmed(state: DropState) -> None:
    """RULES 4: a drop is confirmed once; a refused one stays refused until it recovers."""
    drop = a_drop(opened_at=NOW - DAY, state=state, looks=9)
    assert drop == confirm(drop, Terms(), NOW)


def test_a_drop_is_immutable() -> None:
    """RULES 4: each step of a drop is a new value; the old value does not change."""
    drop = a_drop()
    with pytest.raises(FrozenInstanceError):
        drop.state = DropState.RECOVERED  # type: ignore[misc]
    assert not hasattr(drop, "__dict__")
