"""Alerts to the operator; each text says what has happened and what to do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.guarantee.daily_caps import Amounts, CapScope
from monitor.guarantee.gone_detection import Absence
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from monitor.guarantee.refund_review import Review
from monitor.model.decision import Action, Decision, Reason
from monitor.model.duration import format_duration
from monitor.model.number_words import counted
from monitor.model.order import Order
from monitor.model.sums import Sum, sum_words
from monitor.model.target import Metric, Target
from monitor.model.target_problem import TargetProblem
from monitor.model.time_words import minute, spoken

PRIVATE_WORDS = (
    "Your profile is set to private. Our guarantee needs it to be public: please make it public again, "
    "and we will check it and refill what is missing."
)
"""Message that support can send to a customer whose profile is private."""

GONE_WORDS = (
    "The link of your order does not lead to anything public any more. Please tell us the new one, or bring "
    "the page back: our guarantee waits for it, and we will check it and refill what is missing."
)
"""Message that support can send to a customer whose profile or post is gone."""


class AlertKind(StrEnum):
    """The kind of an alert; alerts of one kind are grouped into one message."""

    DROP_CONFIRMED = "drop.confirmed"
    DROP_HELD = "drop.held"
    DROP_REFUSED = "drop.refused"
    DROP_WAITING = "drop.waiting"
    TARGET_PRIVATE = "target.private"
    TARGET_GONE = "target.gone"
    TARGET_OTHER_ACCOUNT = "target.other_account"
    TARGET_REFUSED = "target.refused"
    TARGET_READY = "target.ready"
    SOURCE_BLOCKED = "source.blocked"
    SOURCE_READY = "source.ready"
    REFILL_DEAD = "refill.dead"
    MASS_DROP_STARTED = "mass_drop.started"
    MASS_DROP_GROWN = "mass_drop.grown"
    MASS_DROP_ENDED = "mass_drop.ended"
    DAILY_CAP_REACHED = "daily_cap.reached"
    BACKLOG_JUDGED = "backlog.judged"
    REVIEW_OPENED = "review.opened"
    LOOKS_STOPPED = "looks.stopped"
    LOOKS_RESUMED = "looks.resumed"
    ALERTS_UNDELIVERED = "alerts.undelivered"
    ALERTS_DELIVERED = "alerts.delivered"
    DISK_LOW = "disk.low"
    DISK_ENOUGH = "disk.enough"
    QUEUE_STALLED = "queue.stalled"
    QUEUE_MOVING = "queue.moving"


_KINDS = {
    Action.REFILL: AlertKind.DROP_CONFIRMED,
    Action.HOLD: AlertKind.DROP_HELD,
    Action.REFUSE: AlertKind.DROP_REFUSED,
    Action.WAIT: AlertKind.DROP_WAITING,
}
_NEXT_STEPS = {
    Action.REFILL: "a refill of {quantity} is queued",
    Action.HOLD: "a refill of {quantity} is held for your approval",
    Action.REFUSE: "it is refused",
    Action.WAIT: "it waits",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert to the operator."""

    kind: AlertKind
    text: str
    order_id: str | None = None
    link: str | None = None


def decision_alert(decision: Decision, order: Order) -> Alert:
    """Alert on the decision on a confirmed drop, with its numbers."""
    step = _NEXT_STEPS[decision.action]
    if decision.reason is Reason.SHADOW:
        step = "a refill of {quantity} would be queued"
    step = step.format(quantity=decision.quantity)
    text = (
        f"order {order.order_id}: {order.target.metric} of {order.target.link} are {decision.count}, "
        f"whole at {decision.line}, {decision.claim} missing; {step} ({decision.reason})"
    )
    return Alert(_KINDS[decision.action], text, order.order_id, order.target.link.url)


def private_alert(target: Target, orders: int) -> Alert:
    """Alert once that a target has become private, with a message to the customer."""
    text = f'{target.link} is private; {orders} order(s) suspended. To the customer: "{PRIVATE_WORDS}"'
    return Alert(AlertKind.TARGET_PRIVATE, text, link=target.link.url)


def gone_alert(target: Target, absence: Absence, orders: int) -> Alert:
    """Alert once that a target is gone, with a message to the customer."""
    since = "" if absence.since is None else f" since {minute(absence.since)} UTC"
    text = (
        f"{target.metric} of {target.link} have not been found {absence.looks} times{since}, "
        f"while others were read; {orders} order(s) suspended. "
        f'To the customer: "{GONE_WORDS}"'
    )
    return Alert(AlertKind.TARGET_GONE, text, link=target.link.url)


def other_account_alert(target: Target, detail: str, orders: int) -> Alert:
    """Alert once that the name of a target belongs to another account now."""
    text = (
        f"{target.link} belongs to another account now ({detail}), whose {target.metric} are not judged; "
        f"{orders} order(s) wait for the account that they were sold for. Ask the customer for its new name"
    )
    return Alert(AlertKind.TARGET_OTHER_ACCOUNT, text, link=target.link.url)


def refused_alert(target: Target, why: str, looks: int) -> Alert:
    """Alert that a target cannot be read, while others can."""
    text = f"{target.metric} of {target.link} could not be read {looks} times in a row ({why})"
    return Alert(AlertKind.TARGET_REFUSED, text, link=target.link.url)


_READY = {
    TargetProblem.PRIVATE: "is public again",
    TargetProblem.GONE: "is found again",
    TargetProblem.OTHER_ACCOUNT: "belongs to its account again",
    TargetProblem.UNREAD: "is read again",
}


def target_ready_alert(target: Target, problem: TargetProblem, orders: int) -> Alert:
    """Alert that a problem of a target has ended, which the operator was notified of."""
    text = f"{target.link} {_READY[problem]}; {orders} order(s) are checked again for {target.metric}"
    return Alert(AlertKind.TARGET_READY, text, link=target.link.url)


def source_alert(source: str, reason: str, until: str, detail: str = "") -> Alert:
    """Alert that a source refuses requests and is paused; `until` is a time or a condition.

    `detail` is the source's message, which may say what to do.
    """
    why = f"{reason}: {detail}" if detail else reason
    return Alert(AlertKind.SOURCE_BLOCKED, f"source {source} refuses us ({why}); paused until {until}")


def source_ready_alert(source: str, since: datetime, now: datetime) -> Alert:
    """Alert that a source which was refused is read again."""
    text = f"source {source} answers again, {spoken(now - since)} after it was refused"
    return Alert(AlertKind.SOURCE_READY, text)


def dead_refill_alert(refill_id: int, order_id: str, quantity: int, error: str) -> Alert:
    """Alert that a refill has failed for good."""
    text = (
        f"refill {refill_id} of {quantity} for order {order_id} is given up ({error}); requeue or cancel it"
    )
    return Alert(AlertKind.REFILL_DEAD, text, order_id=order_id)


def mass_drop_alert(metric: Metric, counts: MassDropCounts, rule: MassDropRule) -> Alert:
    """Alert once, for all targets together, that a mass drop has started."""
    text = (
        f"mass drop: {counts.fallen} of {counts.judged} targets judged in {format_duration(rule.window)} "
        f"lost {metric}; this looks like the platform. Confirmed drops are held, each for "
        f"{format_duration(rule.hold)}; refilld mass-drops release or discard decides on all of them at once"
    )
    return Alert(AlertKind.MASS_DROP_STARTED, text)


def mass_drop_grown_alert(metric: Metric, held: Sum) -> Alert:
    """Alert that the refills held for a mass drop have doubled since they were last told."""
    text = (
        f"the mass drop of {metric} grows: {sum_words(held)} are held for it now; "
        f"refilld mass-drops release {metric} --dry-run shows them"
    )
    return Alert(AlertKind.MASS_DROP_GROWN, text)


def mass_drop_over_alert(metric: Metric, held: int) -> Alert:
    """Alert that a mass drop has ended, with the number of refills still held for it."""
    text = f"the mass drop of {metric} is over; {held} refill(s) are still held for it"
    return Alert(AlertKind.MASS_DROP_ENDED, text)


def daily_cap_alert(scope: CapScope, cap: Amounts, held: int, *, release_next_day: bool) -> Alert:
    """Alert once a day that the daily cap of a scope is reached; `held` refills are held for it by now."""
    then = "decided anew from the next day (UTC) on" if release_next_day else "held until you decide"
    text = (
        f"the daily cap of {scope}, {cap}, is reached; {counted(held, 'refill')} held for it so far, "
        f"{then}; refilld refills list --state held shows them, refilld refills approve ID queues one now"
    )
    return Alert(AlertKind.DAILY_CAP_REACHED, text)


def backlog_alert(
    orders: int, judged: int, with_drops: int, held: int, units: Amounts, reviews: int
) -> Alert:
    """Alert once on a backlog: its orders, those with old drops, and what is held for them."""
    text = (
        f"backlog: {judged:,} of {counted(orders, 'imported order')} judged, {with_drops:,} with a drop that "
        f"existed already; {counted(held, 'refill')} held{f' ({units})' if held else ''}, "
        f"{counted(reviews, 'refund review')} opened"
    )
    if held:
        text += "; refilld backlog show lists them, refilld backlog release or discard decides on all of them"
    return Alert(AlertKind.BACKLOG_JUDGED, text)


def review_alert(review: Review) -> Alert:
    """Alert that a refund must be reviewed; refilld itself never refunds."""
    share = "price unknown" if review.share is None else f"{review.share} {review.currency or ''}".strip()
    text = (
        f"order {review.order_id}: {review.units} units, {share} ({review.cause}); "
        f"refilld reviews list shows it, refilld reviews close ends it"
    )
    return Alert(AlertKind.REVIEW_OPENED, text, review.order_id)
