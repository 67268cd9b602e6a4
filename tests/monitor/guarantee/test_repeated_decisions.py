"""A decision that repeats the drop's last one is not recorded again."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.guarantee.verdicts import Verdict, evaluate_count
from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from tests.builders import DAY, HOUR, NOW, a_completed_refill, a_drop, a_refill, an_order, an_order_state

COOLING = [a_completed_refill(50, NOW - 2 * DAY)]
TERMS: dict[str, Any] = {"cooldown": 10 * DAY}


def waiting(**changes: Any) -> Verdict:
    """Evaluate a count while a confirmed drop waits for the end of the cooldown."""
    drop = replace(a_drop(state=DropState.WAITING, opened_at=NOW - DAY, looks=2), **changes)
    state = an_order_state(an_order(**TERMS), drop=drop, refills=COOLING)
    (verdict,) = evaluate_count([state], 1700, NOW)
    return verdict


@pytest.mark.parametrize(
    ("last", "repeated"),
    [
        (None, False),
        ((Action.WAIT, Reason.COOLDOWN), True),
        ((Action.WAIT, Reason.AWAITING_REQUEST), False),
        ((Action.REFUSE, Reason.COOLDOWN), False),
    ],
)
def test_a_decision_repeats_the_last_one_with_its_action_and_reason(
    last: tuple[Action, Reason] | None, repeated: bool
) -> None:
    verdict = waiting(last_decision=last)
    assert verdict.decision is not None
    assert (verdict.decision.action, verdict.decision.reason) == (Action.WAIT, Reason.COOLDOWN)
    assert (verdict.repeated, verdict.new_decision) == (repeated, None if repeated else verdict.decision)
    assert verdict.new_decisions == (() if repeated else (verdict.decision,))


def test_the_drop_stores_its_last_decision() -> None:
    drop = waiting().drop
    assert drop is not None
    assert (drop.last_decision, drop.state, drop.closed_at) == (
        (Action.WAIT, Reason.COOLDOWN),
        DropState.WAITING,
        None,
    )


def test_the_first_decision_on_a_drop_is_new() -> None:
    drop = a_drop(opened_at=NOW - 2 * HOUR)
    (verdict,) = evaluate_count([an_order_state(drop=drop)], 1700, NOW)
    assert verdict.new_decision is verdict.decision is not None
    assert verdict.drop is not None
    assert verdict.drop.last_decision == (Action.REFILL, Reason.DROP_CONFIRMED)


def test_without_a_decision_nothing_is_new() -> None:
    (verdict,) = evaluate_count([an_order_state()], 1700, NOW)
    assert (verdict.decision, verdict.repeated, verdict.new_decisions) == (None, False, ())


def test_a_release_that_would_wait_changes_nothing() -> None:
    """The cooldown was lengthened meanwhile: the refill stays held until a later count."""
    held = a_refill(300, RefillState.HELD, release_at=NOW)
    state = an_order_state(an_order(**TERMS), refills=[*COOLING, held])
    (verdict,) = evaluate_count([state], 1700, NOW)
    assert verdict.release is None
