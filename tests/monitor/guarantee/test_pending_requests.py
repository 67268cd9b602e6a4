"""RULES 1: when a count answers the customer's request."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.guarantee.verdicts import evaluate_count
from monitor.model.decision import Action
from monitor.model.drop import Drop, DropState
from monitor.model.order import Flag
from monitor.model.terms import BelowStart
from tests.builders import (
    DAY,
    NOW,
    a_drop,
    a_refill,
    an_order,
    an_order_state,
)
from tests.monitor.guarantee.evaluation_steps import decided


@pytest.mark.parametrize(
    ("count", "drop", "terms", "flags", "answered"),
    [
        (2000, None, {}, (), True),  # no drop
        (1500, None, {}, (), False),  # suspected, not confirmed yet
        (1500, a_drop(opened_at=NOW - DAY), {}, (), True),  # refill
        (900, a_drop(opened_at=NOW - DAY), {"below_start": BelowStart.REFUSE}, (), True),  # refuse
        (900, a_drop(opened_at=NOW - DAY), {}, (), True),  # hold
        (1500, a_drop(opened_at=NOW - DAY, state=DropState.REFUSED), {}, (), True),  # refused before
        (2000, a_drop(opened_at=NOW - DAY), {}, (), True),  # recovered
        (1500, None, {}, (Flag.HOLD,), False),  # not judged at all
    ],
)
def test_a_pending_request_is_answered_once_no_drop_is_undecided(
    count: int, drop: Drop | None, terms: dict[str, Any], flags: tuple[Flag, ...], answered: bool
) -> None:
    """RULES 1: a customer's request is recorded and answered with a reason."""
    asked = an_order_state(an_order(**terms), drop=drop, flags=flags, request_pending=True)
    silent = replace(asked, request_pending=False)
    expected = [answered, False]
    assert expected == [evaluate_count([w], count, NOW)[0].request_answered for w in (asked, silent)]


def test_a_request_is_pending_while_the_decision_is_to_wait() -> None:
    """RULES 5: a wait does not answer a request."""
    state = an_order_state(drop=a_drop(opened_at=NOW - DAY), refills=[a_refill(100)], request_pending=True)
    (verdict,) = evaluate_count([state], 1500, NOW)
    assert decided(verdict) == (Action.WAIT, 0)
    assert not verdict.request_answered
