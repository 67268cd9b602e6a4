"""Aftermath: what one verdict changes, written down; drops, decisions, refills, reviews and their alerts."""

from datetime import timedelta

from monitor.alerts.alert import decision_alert, review_alert
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Decision, Reason
from monitor.model.order import Order
from storage import drops, held_refills, orders, outbox, refills, requests, reviews
from storage.engine import Transaction


def write(
    tx: Transaction, order: Order, verdict: Verdict, count: int, hold: timedelta
) -> tuple[Decision, ...]:
    """Write down the verdict of a count; gives the decisions that are new.

    `hold` is how long a refill is held for a mass drop before it is decided anew.
    """
    if verdict.start_count is not None:
        orders.measured(tx, verdict.order_id, verdict.start_count)
    if verdict.claim is None:
        return _released(tx, order, verdict)
    if verdict.request_answered:
        requests.answered(tx, verdict.order_id, verdict.at)
    if verdict.first_settled:
        _first_settled(tx, order, verdict)
    return _dropped(tx, order, verdict, count, hold) + _released(tx, order, verdict)


def _dropped(
    tx: Transaction, order: Order, verdict: Verdict, count: int, hold: timedelta
) -> tuple[Decision, ...]:
    if verdict.drop is None or verdict.claim is None:
        return ()
    drop_id = drops.save(tx, verdict.drop, verdict.claim, count)
    decision = verdict.decision
    if decision is None or not drops.add_decision(tx, drop_id, decision):
        return ()
    mass_drop = decision.reason is Reason.MASS_DROP
    if decision.action in {Action.REFILL, Action.HOLD}:
        release_at = decision.at + hold if mass_drop else None
        refills.create(tx, drop_id, decision, order.target.metric, release_at)
    if not mass_drop:  # the mass drop as a whole was told of when it began
        outbox.add(tx, decision_alert(decision, order), decision.at)
    return (decision,)


def _released(tx: Transaction, order: Order, verdict: Verdict) -> tuple[Decision, ...]:
    """What was decided anew on a held refill."""
    decision = verdict.release
    if decision is None or not held_refills.decided_anew(tx, decision):
        return ()
    if decision.reason is not Reason.RECOVERED:
        outbox.add(tx, decision_alert(decision, order), decision.at)
    return (decision,)


def _first_settled(tx: Transaction, order: Order, verdict: Verdict) -> None:
    """Mark the first look at a settled delivery, and have the operator review a short one (RULES 1)."""
    orders.settled_look(tx, verdict.order_id, verdict.at)
    if verdict.claim is None or verdict.claim.units < order.terms.threshold(order.delivered):
        return
    review = review_of(order, ReviewCause.SHORT_DELIVERY, verdict.claim.units)
    opened = reviews.open_review(tx, review, order, verdict.at)
    if opened is not None:
        outbox.add(tx, review_alert(opened), verdict.at)
