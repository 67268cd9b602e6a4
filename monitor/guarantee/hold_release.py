"""Release of held refills: the decision on a held refill at a later count (RULES 6).

While a refill is held, its units are in flight and its drop is closed, so the order claims nothing for them.
Its claim is therefore computed as if the refill had not been made.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.guarantee.claims import claims_of
from monitor.guarantee.decisions import Case, decide
from monitor.model.decision import Action, Decision, Reason
from monitor.model.drop import Drop, DropState
from monitor.model.order_state import OrderState


def releases(states: Sequence[OrderState], count: int, now: datetime) -> Mapping[str, Decision]:
    """Decide again, as if no mass drop were on, on the refills whose hold is over; by order id.

    `refill` releases the units that are still missing, `hold` keeps them for the operator, `refuse` discards
    the refill (`recovered`: the claim is below the threshold). Left out is an order that has to wait, because
    its cooldown was lengthened meanwhile.
    """
    due = {one.order.order_id: one.held_units for one in states if one.release_due(now)}
    if not due:
        return {}
    decisions = map(decide_anew, _cases(states, due, count, now))
    return {
        one.order_id: replace(one, quantity=min(one.quantity, due[one.order_id]))
        for one in decisions
        if one.action is not Action.WAIT
    }


def case_unheld(states: Sequence[OrderState], order_id: str, count: int, now: datetime) -> Case | None:
    """Return one order's case at a count, as if its open refill had not been made; None if not active."""
    return next(_cases(states, {order_id}, count, now), None)


def _cases(
    states: Sequence[OrderState], order_ids: Container[str], count: int, now: datetime
) -> Iterator[Case]:
    """Yield the cases of these orders, as if none of their open refills had been made."""
    unheld = [_unheld(one) if one.order.order_id in order_ids else one for one in states]
    claims = claims_of(unheld, count, now)
    for one in unheld:
        if one.order.order_id in order_ids and one.order.order_id in claims:
            yield Case(one, claims[one.order.order_id], count, now)


def decide_anew(case: Case) -> Decision:
    """Decide on a drop again; `recovered` when the claim is below the threshold."""
    order = case.state.order
    if case.claim.units >= order.terms.threshold(order.delivered):
        return decide(case)
    return Decision(
        order_id=order.order_id,
        at=case.now,
        action=Action.REFUSE,
        reason=Reason.RECOVERED,
        quantity=0,
        count=case.count,
        line=case.claim.line,
        claim=case.claim.units,
    )


def _unheld(state: OrderState) -> OrderState:
    """The order without its open refill, with its drop waiting and its request pending.

    The opening time of the drop is not loaded. The completion stands for it: both are inside the window.
    """
    order = state.order
    refills = tuple(refill for refill in state.refills if not refill.state.open)
    drop = None
    if order.completed_at is not None:
        drop = Drop(order.order_id, DropState.WAITING, opened_at=order.completed_at)
    return replace(state, refills=refills, drop=drop, request_pending=True)
