"""Answers of the standard order to a customer's request, and the last looks they are based on."""

from datetime import datetime

from monitor.guarantee.customer_answers import Answer, LastLook, answer
from monitor.model.decision import Reason
from monitor.model.drop import DropState
from monitor.model.order_state import OrderState
from monitor.model.refill import RefillState
from monitor.model.snapshot import Outcome
from tests.builders import (
    DAY,
    NOW,
    a_drop,
    a_refill,
)

WHOLE = LastLook(2000, NOW, Outcome.COUNT)
PRIVATE = LastLook(2000, NOW, Outcome.PRIVATE)
NOTHING = LastLook(None, None, None)
DECIDED = a_drop(opened_at=NOW - DAY, state=DropState.WAITING, looks=3)
QUEUED = a_refill(400, RefillState.QUEUED)
HELD = a_refill(400, RefillState.HELD)


def counted(count: int, at: datetime = NOW) -> LastLook:
    return LastLook(count, at, Outcome.COUNT)


def ask(
    state: OrderState,
    look: LastLook = WHOLE,
    reason: Reason | None = None,
    now: datetime = NOW,
    siblings: tuple[OrderState, ...] = (),
) -> Answer:
    return answer(state, (state, *siblings), look, reason, now)
