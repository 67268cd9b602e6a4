"""Releases: what becomes of a held refill when its drop is looked at again (RULES 6).

While a refill is held, its units count as in flight and its drop is closed, so nothing is missing by
the rules. To see whether the drop is still there, its claim is worked out as if it had not been held.
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
    """Decide anew, as if no mass drop were on, on the refills whose hold is over; keyed by order id.

    `refill` releases the units that are still missing, `refuse` discards the refill (`recovered`: the
    drop is no longer there), `hold` keeps it for the operator, `wait` leaves all as it is.
    """
    due = {w.order.order_id: w.held_units for w in states if w.release_due(now)}
    if not due:
        return {}
    decisions = map(decide_anew, _cases(states, due, count, now))
    return {d.order_id: replace(d, quantity=min(d.quantity, due[d.order_id])) for d in decisions}


def case_unheld(states: Sequence[OrderState], order_id: str, count: int, now: datetime) -> Case | None:
    """One order's case at a count, as if its open refill had not been made; None while it is not settled."""
    return next(_cases(states, {order_id}, count, now), None)


def _cases(
    states: Sequence[OrderState], order_ids: Container[str], count: int, now: datetime
) -> Iterator[Case]:
    """The cases of these orders, all of them as if none of their open refills had been made."""
    unheld = [_unheld(w) if w.order.order_id in order_ids else w for w in states]
    claims = claims_of(unheld, count, now)
    for w in unheld:
        if w.order.order_id in order_ids and w.order.order_id in claims:
            yield Case(w, claims[w.order.order_id], count, now)


def decide_anew(case: Case) -> Decision:
    """Decide on a drop anew; `recovered` where it is no longer there."""
    order = case.watched.order
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
    """The order with its refill taken back and its drop still waiting, as asked for as it was then.

    When the drop opened is not told here, but it did inside the window: none opens outside of it.
    """
    order = state.order
    refills = tuple(refill for refill in state.refills if not refill.state.open)
    drop = None
    if order.completed_at is not None:
        drop = Drop(order.order_id, DropState.WAITING, opened_at=order.completed_at)
    return replace(state, refills=refills, drop=drop, request_pending=True)
