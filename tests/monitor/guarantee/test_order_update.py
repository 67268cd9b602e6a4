"""Order updates: a verdict changes exactly what it says of an order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.guarantee.order_update import state_after
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.refill import RefillState
from tests.builders import (
    DAY,
    NOW,
    START,
    a_claim,
    a_completed_refill,
    a_decision,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)

HELD = a_refill(300, RefillState.HELD, release_at=NOW)


def judged(drop: Drop | None = None, decision: Decision | None = None, **more: Any) -> Verdict:
    return Verdict("1", NOW, claim=a_claim(), drop=drop, decision=decision, **more)


def released(decision: Decision) -> Verdict:
    return Verdict("1", NOW, claim=a_claim(), release=decision)


def test_a_verdict_on_an_order_that_is_not_active_changes_nothing() -> None:
    before = an_order_state(drop=a_drop(), request_pending=True)
    assert state_after(before, Verdict("1", NOW)) is before


def test_a_measured_start_count_is_the_orders_own() -> None:
    """Also of an order that is not active yet; nothing else changes."""
    before = an_order_state(an_order(start_count=None), drop=a_drop(), request_pending=True)
    measured = an_order(start_count=700, start_measured=True)
    after = state_after(before, Verdict("1", NOW, measured=measured))
    assert after == replace(before, order=measured)


def test_a_judged_count_is_the_first_settled_look_from_then_on() -> None:
    assert not an_order_state().settled_look
    assert state_after(an_order_state(), judged()).settled_look
    assert state_after(replace(an_order_state(), settled_look=True), judged()).settled_look
    measured = Verdict("1", NOW, measured=an_order(start_count=700))
    assert not state_after(an_order_state(an_order(start_count=None)), measured).settled_look


@pytest.mark.parametrize("state", DropState)
def test_only_an_open_drop_stays_with_the_order(state: DropState) -> None:
    drop = a_drop(state=state)
    assert state_after(an_order_state(), judged(drop)).drop == (drop if state.open else None)


def test_a_drop_that_is_no_longer_there_is_gone() -> None:
    assert state_after(an_order_state(drop=a_drop()), judged()).drop is None


@pytest.mark.parametrize(("answered", "pending"), [(True, False), (False, True)])
def test_a_request_is_pending_until_it_is_answered(answered: bool, pending: bool) -> None:
    before = an_order_state(request_pending=True)
    assert state_after(before, judged(request_answered=answered)).request_pending is pending
    assert not state_after(an_order_state(), judged()).request_pending


def test_a_refill_is_queued() -> None:
    known = a_completed_refill(50, START)
    after = state_after(an_order_state(refills=[known]), judged(decision=a_decision()))
    assert after.refills == (known, a_refill(300, created_at=NOW))


def test_a_refill_held_for_review_waits_for_the_operator() -> None:
    after = state_after(an_order_state(), judged(decision=a_decision(action=Action.HOLD)))
    assert after.refills == (a_refill(300, RefillState.HELD, created_at=NOW),)


def test_a_refill_held_for_a_mass_drop_is_decided_again_after_the_hold() -> None:
    over = NOW + timedelta(hours=48)
    decision = a_decision(action=Action.HOLD, reason=Reason.MASS_DROP, release_at=over)
    (refill,) = state_after(an_order_state(), judged(decision=decision)).refills
    assert (refill.quantity, refill.state, refill.release_at) == (300, RefillState.HELD, over)


@pytest.mark.parametrize("action", [Action.WAIT, Action.REFUSE])
def test_waiting_and_refusing_create_no_refill(action: Action) -> None:
    assert state_after(an_order_state(), judged(decision=a_decision(action=action))).refills == ()


def test_a_repeated_decision_creates_no_second_refill() -> None:
    verdict = judged(decision=a_decision(), repeated=True)
    assert state_after(an_order_state(), verdict).refills == ()


def test_a_released_refill_is_queued_with_what_is_still_missing() -> None:
    done = a_completed_refill(50, START)
    before = an_order_state(refills=[done, HELD])
    after = state_after(before, released(a_decision(quantity=200)))
    assert after.refills == (done, a_refill(200))


def test_a_release_that_holds_leaves_the_refill_to_the_operator() -> None:
    decision = a_decision(action=Action.HOLD, quantity=200)
    after = state_after(an_order_state(refills=[HELD]), released(decision))
    assert after.refills == (a_refill(200, RefillState.HELD),)


def test_a_held_refill_whose_drop_recovered_leaves_no_drop() -> None:
    done = a_completed_refill(50, START)
    decision = a_decision(action=Action.REFUSE, reason=Reason.RECOVERED)
    after = state_after(an_order_state(refills=[done, HELD]), released(decision))
    assert (after.refills, after.drop) == ((done,), None)


def test_a_held_refill_that_is_refused_leaves_a_refused_drop() -> None:
    """Its drop opened inside the window, and is not decided again until it has recovered."""
    decision = a_decision(action=Action.REFUSE)
    after = state_after(an_order_state(refills=[HELD]), released(decision))
    assert after.refills == ()
    last = decision.action, decision.reason
    assert after.drop == Drop("1", DropState.REFUSED, opened_at=START, last_decision=last)


def test_a_release_without_a_claim_leaves_the_open_drop() -> None:
    """The order is not active while all its units are held."""
    before = an_order_state(drop=a_drop(), refills=[HELD])
    decision = a_decision(action=Action.REFUSE, reason=Reason.RECOVERED)
    after = state_after(before, Verdict("1", NOW, release=decision))
    assert (after.drop, after.settled_look) == (a_drop(), False)


def test_flags_stay() -> None:
    before = an_order_state(refills=[a_completed_refill(50, NOW - DAY)])
    after = state_after(before, judged())
    assert (after.flags, after.order) == (before.flags, before.order)


def test_a_start_count_measured_at_a_judged_count_is_kept_with_the_drop() -> None:
    before = an_order_state(an_order(start_count=None))
    measured = an_order(start_count=700, start_measured=True)
    after = state_after(before, replace(judged(a_drop()), measured=measured))
    assert (after.order, after.drop) == (measured, a_drop())
