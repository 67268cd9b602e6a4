"""Save an evaluation: drops, decisions, refills, reviews and events, in the transaction of the look."""

from collections.abc import Iterable

from monitor.evaluation.evaluate import LookEvaluation, LookPolicy
from monitor.evaluation.holding import CapReached
from monitor.evaluation.mass_drop_state import MassDropChange
from monitor.events.mass_drops import mass_drop_ended, mass_drop_grown, mass_drop_started
from monitor.events.refills import review_opened
from monitor.guarantee.daily_caps import DailyCaps
from monitor.guarantee.refund_review import ReviewCause, review_of
from monitor.guarantee.verdicts import Verdict
from monitor.model.decision import Action, Reason
from monitor.model.order import Order
from monitor.model.order_state import OrderState
from storage import (
    daily_caps,
    drops,
    events,
    held_refills,
    mass_drops,
    order_corrections,
    orders,
    refills,
    requests,
    reviews,
)
from storage.engine import Transaction


def save_mass_drops(tx: Transaction, changes: Iterable[MassDropChange], policy: LookPolicy) -> None:
    """Save mass drops that begin or end; the process that saves one first also stores its event."""
    for change in changes:
        if change.began:
            if mass_drops.begin(tx, change.metric, change.counts, change.at):
                event = mass_drop_started(change.metric, change.counts, policy.mass_drops)
                events.add(tx, event, change.at, keep=policy.shadow)
        elif mass_drops.end(tx, change.metric, change.at):
            held = held_refills.sum_for_mass_drop(tx, change.metric)
            events.add(tx, mass_drop_ended(change.metric, held), change.at, keep=policy.shadow)


def tell_growth(tx: Transaction, looks: Iterable[LookEvaluation], *, shadow: bool) -> None:
    """Alert again when the refills held for a mass drop have doubled since they were last told."""
    newest = {
        look.state.target.metric: look.snapshot.at
        for look in looks
        if any(decision.reason is Reason.MASS_DROP for decision in look.decisions)
    }
    for metric, at in sorted(newest.items()):
        if mass_drops.note_told(tx, metric, held_refills.number_for_mass_drop(tx, metric)):
            held = held_refills.sum_for_mass_drop(tx, metric)
            events.add(tx, mass_drop_grown(metric, held), at, keep=shadow)


def save_caps_reached(tx: Transaction, reached: Iterable[CapReached], caps: DailyCaps) -> None:
    """Store the event of each daily cap that is reached, once per day; the refills must be saved."""
    for one in dict.fromkeys(reached):
        daily_caps.tell_reached(tx, one.scope, caps, one.at)


def save_verdicts(tx: Transaction, look: LookEvaluation, policy: LookPolicy) -> None:
    """Save the verdicts of a look on the orders of its target, and the events of the look."""
    count = look.snapshot.judged
    if count is not None and look.verdicts:
        for state, verdict in zip(look.orders, look.verdicts, strict=True):
            _save_verdict(tx, state, verdict, count, policy)
    for event in look.events:
        events.add(tx, event, look.snapshot.at, keep=policy.shadow)


def _save_verdict(
    tx: Transaction, state: OrderState, verdict: Verdict, count: int, policy: LookPolicy
) -> None:
    order = state.order
    if verdict.measured is not None:
        orders.measured(tx, verdict.measured)
        order_corrections.note_count(tx, order, verdict.measured, verdict.at)
    if verdict.request_answered:
        requests.answered(tx, verdict.order_id, verdict.at)
    if verdict.first_settled:
        _save_first_settled(tx, state, verdict, policy)
    if verdict.drop is not None:
        _save_drop(tx, order, verdict, count)
    if verdict.release is not None:
        held_refills.decided_anew(tx, verdict.release)


def _save_drop(tx: Transaction, order: Order, verdict: Verdict, count: int) -> None:
    if verdict.drop is None or verdict.claim is None:
        return
    drop_id = drops.save(tx, verdict.drop, verdict.claim, count)
    decision = verdict.new_decision
    if decision is None:
        return
    drops.add_decision(tx, drop_id, decision)
    if decision.action in {Action.REFILL, Action.HOLD}:
        refills.create(tx, drop_id, decision, order.target.metric)


def _save_first_settled(tx: Transaction, state: OrderState, verdict: Verdict, policy: LookPolicy) -> None:
    """Save the first judged look after a delivery settled; open a review if it was short (RULES 1)."""
    order = state.order
    orders.settled_look(tx, verdict.order_id, verdict.at)
    if verdict.claim is None or verdict.claim.units < order.terms.threshold(order.delivered):
        return
    review = review_of(order, ReviewCause.SHORT_DELIVERY, verdict.claim.units)
    opened = reviews.open_review(tx, review, order, verdict.at)
    if opened is not None and not state.summary_pending:
        events.add(tx, review_opened(order, opened), verdict.at, keep=policy.shadow)
