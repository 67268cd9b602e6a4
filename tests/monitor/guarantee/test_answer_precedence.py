"""RULES 5: which word answers a customer's request where several apply."""

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.guarantee.customer_answers import LastLook
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order import Flag, OrderStatus
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from tests.builders import (
    DAY,
    HOUR,
    INSTANT,
    NOW,
    START,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.customer_requests import DECIDED, HELD, PRIVATE, ask, counted


def test_an_undelivered_order_is_answered_not_delivered_with_any_flags() -> None:
    """Status before flags."""
    pending = an_order(status=OrderStatus.PENDING, completed_at=None)
    assert ask(an_order_state(pending, flags=[Flag.HOLD, Flag.ABUSE])).word == "not_delivered"


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.REFUNDED, OrderStatus.FAIL])
def test_an_order_without_a_guarantee_is_answered_no_guarantee(status: OrderStatus) -> None:
    """Whatever was counted."""
    assert ask(an_order_state(an_order(status=status, completed_at=None)), PRIVATE).word == "no_guarantee"


def test_a_partial_order_has_the_promised_guarantee() -> None:
    """RULES 5, partial_orders; and nothing delivered is nothing guaranteed."""
    partial = an_order(status=OrderStatus.PARTIAL, delivered=1000, remains=100)
    assert ask(an_order_state(partial)).word == "no_drop"
    refused = an_order(status=OrderStatus.PARTIAL, delivered=1000, remains=100, partial_orders=False)
    assert ask(an_order_state(refused)).word == "no_guarantee"
    nothing = an_order(status=OrderStatus.PARTIAL, delivered=0, remains=100)
    assert ask(an_order_state(nothing)).word == "no_guarantee"


def test_flags_take_precedence_over_a_refill_and_a_refill_over_the_end_of_the_window() -> None:
    """A refill is delivered even after the guarantee has ended, but a flag cancels it."""
    over = an_order(window=DAY)
    claimed = an_order_state(over, refills=[a_refill(400, RefillState.CLAIMED)])
    held = replace(claimed, flags=frozenset({Flag.HOLD}))
    abused = replace(claimed, flags=frozenset({Flag.HOLD, Flag.ABUSE}))
    assert ask(abused, PRIVATE).word == "void:abuse"
    assert ask(held, PRIVATE).word == "suspended:hold"
    assert ask(claimed, PRIVATE).word == "refill"
    assert ask(an_order_state(over), PRIVATE).word == "window_expired"


def test_an_unreadable_profile_takes_precedence_over_the_count() -> None:
    """Also before settling, and before a decision to wait."""
    fresh = an_order_state(an_order(completed_at=NOW - HOUR))
    assert ask(fresh, PRIVATE).word == "profile_private"
    assert ask(an_order_state(drop=DECIDED), PRIVATE, Reason.COOLDOWN).word == "profile_private"


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.UNAVAILABLE, Outcome.TRANSIENT])
def test_a_gone_target_is_answered_so_with_any_newest_look(outcome: Outcome) -> None:
    """RULES 7: gone takes precedence over the newest look."""
    assert ask(an_order_state(), LastLook(2000, NOW, outcome, gone=True)).word == "target_not_found"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.TRANSIENT, Outcome.SCHEMA, Outcome.BLOCKED, Outcome.RATE_LIMITED, Outcome.LOGIN_REQUIRED,
    ],
)  # fmt: skip
def test_a_look_that_failed_for_our_reasons_keeps_the_last_count(outcome: Outcome) -> None:
    """A network fault does not concern the customer."""
    assert ask(an_order_state(), LastLook(2000, NOW - HOUR, outcome)).word == "no_drop"


def test_settling_and_window_begin_and_end_at_their_exact_times() -> None:
    """RULES 3: t >= completed_at + settle and t < completed_at + window."""
    state = an_order_state(an_order(window=5 * DAY))
    times = [START + DAY - INSTANT, START + DAY, START + 5 * DAY - INSTANT, START + 5 * DAY]
    words = [ask(state, counted(2000, at), now=at).word for at in times]
    assert words == ["not_settled", "no_drop", "no_drop", "window_expired"]


@pytest.mark.parametrize("window", [None, 30 * DAY])
def test_a_delivery_in_the_future_is_not_an_expired_one(window: timedelta | None) -> None:
    """A clock that was set back must not end a guarantee."""
    assert ask(an_order_state(an_order(completed_at=NOW + HOUR, window=window))).word == "not_settled"


def test_an_undecided_drop_outlives_the_window() -> None:
    """RULES 3: suspected or waiting, opened inside it."""
    state = an_order_state(an_order(window=9 * DAY), drop=replace(DECIDED, opened_at=NOW - 2 * DAY))
    assert ask(state, counted(1600), Reason.COOLDOWN).word == "cooldown"
    refused = replace(state, drop=replace(DECIDED, state=DropState.REFUSED))
    assert ask(refused, counted(1600), Reason.REFILL_LIMIT_REACHED).word == "window_expired"


def test_a_lifetime_never_expires() -> None:
    """window = "lifetime"."""
    at = START + 3650 * DAY
    assert ask(an_order_state(an_order(window=None)), counted(2000, at), now=at).word == "no_drop"


def test_a_held_refill_is_answered_with_the_reason_it_is_held_for() -> None:
    """It is not on its way, and what it was held for is still missing."""
    a = ask(an_order_state(refills=[HELD]), counted(1600), Reason.MASS_DROP)
    assert (a.word, a.quantity, a.missing) == ("mass_drop", None, 400)


def test_a_suspected_drop_waits_for_its_confirmation_whatever_was_decided_before() -> None:
    """A reason belongs to a decided drop."""
    suspected = an_order_state(drop=a_drop())
    assert ask(suspected, counted(1600), Reason.COOLDOWN).word == "awaiting_confirmation"


@pytest.mark.parametrize("state", [RefillState.COMPLETED, RefillState.DEAD, RefillState.CANCELLED])
def test_a_refill_that_has_ended_is_not_on_its_way(state: RefillState) -> None:
    """Whether it was delivered or not."""
    done = NOW - 5 * DAY if state is RefillState.COMPLETED else None
    assert ask(an_order_state(refills=[a_refill(400, state, completed_at=done)])).word == "no_drop"
