"""Order updates: the state of an order after a verdict."""

from dataclasses import replace

from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order_state import OrderState
from monitor.model.refill import Refill, RefillState

_STATES = {Action.REFILL: RefillState.QUEUED, Action.HOLD: RefillState.HELD}
"""The state in which an action creates a refill."""


def state_after(before: OrderState, verdict: Verdict) -> OrderState:
    """Return the state of the order after a verdict."""
    order = verdict.measured or before.order
    if verdict.claim is None and verdict.release is None:
        return before if verdict.measured is None else replace(before, order=order)
    refills, drop = before.refills, _open_drop(verdict.drop) if verdict.judged else before.drop
    if verdict.new_decision is not None:
        refills += _refill_of(verdict.new_decision)
    if verdict.release is not None:
        refills, drop = _released(refills, drop, verdict.release, before)
    return replace(
        before,
        order=order,
        drop=drop,
        refills=refills,
        request_pending=before.request_pending and not verdict.request_answered,
        settled_look=before.settled_look or verdict.judged,
    )


def _open_drop(drop: Drop | None) -> Drop | None:
    return drop if drop is not None and drop.state.open else None


def _refill_of(decision: Decision) -> tuple[Refill, ...]:
    """The refill that a decision creates, queued or held."""
    state = _STATES.get(decision.action)
    if state is None:
        return ()
    refill = Refill(decision.order_id, decision.quantity, state, created_at=decision.at)
    return (replace(refill, release_at=decision.release_at),)


def _released(
    refills: tuple[Refill, ...], drop: Drop | None, decision: Decision, before: OrderState
) -> tuple[tuple[Refill, ...], Drop | None]:
    """Refills and open drop after the decision on a held refill (RULES 6)."""
    if decision.action is not Action.REFUSE:
        return tuple(_decided(refill, decision) for refill in refills), drop
    kept = tuple(refill for refill in refills if refill.state is not RefillState.HELD)
    completed = before.order.completed_at
    if decision.reason is Reason.RECOVERED or completed is None:
        return kept, drop
    # The drop of the refill is open again. Its opening time is not loaded; the completion stands for it.
    last_decision = decision.action, decision.reason
    return kept, Drop(decision.order_id, DropState.REFUSED, opened_at=completed, last_decision=last_decision)


def _decided(refill: Refill, decision: Decision) -> Refill:
    if refill.state is not RefillState.HELD:
        return refill
    if decision.action is Action.HOLD:
        return replace(refill, quantity=decision.quantity, release_at=decision.release_at)
    return replace(refill, state=RefillState.QUEUED, quantity=decision.quantity, release_at=None)
