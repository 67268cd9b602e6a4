"""RULES 1 to 3: which orders of a target a count is evaluated for."""

from datetime import timedelta

import pytest

from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.order import Flag, OrderStatus
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_drop,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import looks, play, states_and_reasons


@pytest.mark.parametrize(("early", "active"), [(INSTANT, False), (timedelta(0), True)])
def test_an_order_is_judged_from_the_moment_it_has_settled(early: timedelta, active: bool) -> None:
    """RULES 3: t >= completed_at + settle; before, a fall is neither claimed nor a drop."""
    (verdict,) = evaluate_count([an_order_state(an_order(settle=24 * HOUR))], 1000, START + 24 * HOUR - early)
    assert (active, active) == (verdict.claim is not None, verdict.drop is not None)


@pytest.mark.parametrize(("early", "active"), [(INSTANT, True), (timedelta(0), False)])
def test_an_order_is_judged_until_just_before_its_window_ends(early: timedelta, active: bool) -> None:
    """RULES 3: t < completed_at + window."""
    (verdict,) = evaluate_count([an_order_state(an_order(window=30 * DAY))], 1000, START + 30 * DAY - early)
    assert (active, active) == (verdict.claim is not None, verdict.drop is not None)


@pytest.mark.parametrize("flag", Flag)
def test_a_flagged_order_gets_no_verdict(flag: Flag) -> None:
    """RULES 1: nothing is opened, confirmed or refilled while a flag suspends or voids the guarantee."""
    flagged = an_order_state(flags=[flag], drop=a_drop(opened_at=NOW - DAY, looks=5), request_pending=True)
    assert (Verdict("1", NOW),) == evaluate_count([flagged], 1000, NOW)


def test_after_a_lifted_flag_a_new_drop_needs_its_own_looks() -> None:
    """RULES 4: its drop was closed, so the next look below opens a new one that needs its own looks."""
    lifted = an_order_state(drop=None)
    verdicts, _ = play(lifted, looks((0, 1500), (1, 1500), (2, 1500)))
    expected = ["suspected", "suspected", "refilled: drop_confirmed"]
    assert expected == states_and_reasons(verdicts)


def test_partial_orders_are_judged_only_where_they_are_promised() -> None:
    """RULES 2: an order of status Partial under `partial_orders = false` gets no verdict."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=700, remains=300, partial_orders=False)
    assert (Verdict("1", NOW),) == evaluate_count([an_order_state(partial)], 0, NOW)


def test_verdicts_come_one_per_order_in_the_given_order() -> None:
    """One verdict per order state, active or not."""
    orders = [
        an_order_state(an_order("c", completed_at=START + DAY)),
        an_order_state(an_order("a"), flags=[Flag.HOLD]),
        an_order_state(an_order("b")),
    ]
    expected = ["c", "a", "b"]
    assert expected == [v.order_id for v in evaluate_count(orders, 1500, NOW)]
