"""The events of a timeline in words, from the stored rows."""

from collections.abc import Iterator, Sequence
from itertools import chain

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from refilld.services.order_correction import decisions_before
from refilld.timeline.event import TimelineEvent
from refilld.timeline.load import Timeline
from refilld.timeline.timeline import in_time
from storage.drops import DecisionRow, DropRow
from storage.flags import FlagRow
from storage.order_corrections import BASE, MEASURED, CorrectionRow
from storage.refills import RefillEventRow, RefillRow
from storage.requests import RequestRow
from storage.reviews import ReviewRow

REASONS = {
    Reason.REFILL_IN_PROGRESS: "a refill is under way",
    Reason.REFILL_LIMIT_REACHED: "all refills that the terms allow are delivered",
    Reason.REFILL_ALLOWANCE_SPENT: "all units that the terms allow are refilled",
    Reason.COOLDOWN: "the last refill is too fresh",
    Reason.BELOW_START_COUNT: "the count is below what it was before the order",
    Reason.AWAITING_REQUEST: "the customer has not asked",
    Reason.BACKLOG: "it was missing before the first look",
    Reason.MASS_DROP: "many counts fell at once",
    Reason.RESTORED: "the database was restored, and later deliveries are not known",
    Reason.SHADOW: "shadow mode queues nothing",
    Reason.DAILY_CAP: "the daily cap is reached",
    Reason.DROP_CONFIRMED: "the drop is confirmed",
    Reason.RECOVERED: "the drop is no longer there",
    Reason.DECLINED: "an operator declined it",
}
STATES = {
    RefillState.HELD: "held",
    RefillState.QUEUED: "queued",
    RefillState.CLAIMED: "claimed",
    RefillState.COMPLETED: "completed",
    RefillState.DEAD: "given up",
    RefillState.REJECTED: "rejected",
    RefillState.CANCELLED: "cancelled",
}
_ACTIONS = {
    Action.REFILL: "refill {quantity:,}",
    Action.HOLD: "hold a refill of {quantity:,}",
    Action.WAIT: "wait",
    Action.REFUSE: "refuse",
}


_GIVEN_BACK = frozenset({RefillState.QUEUED, RefillState.DEAD})
_RELEASED = "release"
"""The detail of a refill that its consumer gave back without a failure."""


def timeline_events(timeline: Timeline) -> tuple[TimelineEvent, ...]:
    """All looks and events in order of time."""
    return tuple(in_time(timeline.looks, list(order_events(timeline))))


def order_events(timeline: Timeline) -> Iterator[TimelineEvent]:
    """All events without the looks; of the same time, an effect comes after its cause."""
    yield from _order(timeline)
    yield from map(_request, timeline.requests)
    yield from map(_flag, timeline.own_flags)
    yield from (_correction(row, timeline.decisions) for row in timeline.corrections)
    opened = {row.opened_at for row in timeline.drops}
    counts = {look.at: look.judged for look in timeline.looks if look.at in opened}
    yield from chain.from_iterable(_drop_opened(row, counts.get(row.opened_at)) for row in timeline.drops)
    yield from map(_decision, timeline.decisions)
    yield from chain.from_iterable(
        _refill(row, timeline.refill_events[row.refill_id]) for row in timeline.refills
    )
    yield from chain.from_iterable(map(_drop_closed, timeline.drops))
    yield from chain.from_iterable(map(_review, timeline.reviews))
    answered = dict.fromkeys(row.answered_at for row in timeline.requests if row.answered_at is not None)
    yield from (
        TimelineEvent(at, "request.answered", "the customer's request is answered") for at in answered
    )


def _order(timeline: Timeline) -> Iterator[TimelineEvent]:
    """From the import to the end of the guarantee; some of these may lie in the future."""
    order = timeline.order.order
    yield TimelineEvent(timeline.order.imported_at, "order.imported", "imported")
    if timeline.looks_left_out:
        yield TimelineEvent(
            timeline.looks[0].at, "look", f"{timeline.looks_left_out:,} earlier looks are left out here"
        )
    if timeline.order.forgotten_at is not None:
        yield TimelineEvent(timeline.order.forgotten_at, "order.forgotten", "the customer was forgotten")
    if order.completed_at is None:
        return
    units = f"{order.delivered:,} of {order.quantity:,} units"
    yield TimelineEvent(
        order.completed_at, "order.delivered", f"delivery completed: {units}", units=order.delivered
    )
    if not order.guaranteed:
        return
    settled = order.completed_at + order.terms.settle
    yield TimelineEvent(settled, "order.settled", "the delivery counts as settled, and counts are judged")
    void_at = min((row.set_at for row in timeline.own_flags if row.flag.voids), default=None)
    if order.ends_at is not None and (void_at is None or order.ends_at <= void_at):
        ends = "ended" if order.ends_at <= timeline.now else "will end"
        yield TimelineEvent(order.ends_at, "guarantee.ended", f"the guarantee {ends}")


def _request(row: RequestRow) -> TimelineEvent:
    pending = "" if row.answered_at else "; not answered yet"
    return TimelineEvent(row.at, "request.asked", f"the customer asked for a refill{pending}")


def _flag(row: FlagRow) -> TimelineEvent:
    effect = "void" if row.flag.voids else "suspended"
    return TimelineEvent(row.set_at, "order.flagged", f"flagged {row.flag}: the guarantee is {effect}")


def _correction(row: CorrectionRow, decisions: Sequence[DecisionRow]) -> TimelineEvent:
    before = "unknown" if row.before is None else f"{row.before:,}"
    if row.field in _BY_A_COUNT:
        text = _BY_A_COUNT[row.field].format(before=before, after=f"{row.after:,}")
        return TimelineEvent(row.at, "order.corrected", text)
    earlier = sum(decision.at <= row.at for decision in decisions)
    rests = f"; {decisions_before(earlier)}" if earlier else ""
    field = row.field.replace("_", " ")
    return TimelineEvent(
        row.at, "order.corrected", f"{field} corrected from {before} to {row.after:,}{rests}"
    )


_BY_A_COUNT = {
    MEASURED: "start count measured as {after}: the first judged count contradicts the panel's {before}",
    BASE: "base lowered from {before} to {after}: the start count held units of another order",
}


def _drop_opened(row: DropRow, count: int | None) -> Iterator[TimelineEvent]:
    seen = "" if count is None else f" at {count:,}"
    yield TimelineEvent(row.opened_at, "drop.opened", f"drop {row.drop_id} suspected{seen}", count=count)
    if row.confirmed_at is not None:
        yield TimelineEvent(row.confirmed_at, "drop.confirmed", f"drop {row.drop_id} confirmed")


def _drop_closed(row: DropRow) -> Iterator[TimelineEvent]:
    """The end of a drop without a refill; any other end is a decision."""
    if row.closed_at is None:
        return
    if row.state is DropState.RECOVERED:
        yield TimelineEvent(row.closed_at, "drop.recovered", f"drop {row.drop_id} recovered: {_numbers(row)}")
    elif row.state is DropState.CLOSED:
        why = "the guarantee ended or was suspended"
        yield TimelineEvent(row.closed_at, "drop.closed", f"drop {row.drop_id} closed: {why}")


def _decision(row: DecisionRow) -> TimelineEvent:
    action = _ACTIONS[row.decision].format(quantity=row.quantity)
    text = f"decided: {action}, because {REASONS[row.reason]} ({row.reason}); {_numbers(row)}"
    return TimelineEvent(row.at, f"decision.{row.decision}", text, count=row.count, units=row.quantity)


def _numbers(row: DropRow | DecisionRow) -> str:
    return f"count {row.count:,}, whole at {row.line:,}, {row.claim:,} missing"


def _refill(row: RefillRow, events: tuple[RefillEventRow, ...]) -> Iterator[TimelineEvent]:
    """The events of a refill; its units are shown where it was last held or queued, which set them."""
    waiting = [event.event_id for event in events if event.state in {RefillState.HELD, RefillState.QUEUED}]
    before = None
    for event in events:
        units = f" of {row.quantity:,}" if event.event_id in waiting[-1:] else ""
        failed = before is RefillState.CLAIMED and event.state in _GIVEN_BACK and event.detail != _RELEASED
        text = f"refill {row.refill_id}{units} {STATES[event.state]}{_details(row, event, failed=failed)}"
        moved = row.units if event.state is RefillState.COMPLETED else row.quantity
        yield TimelineEvent(event.at, f"refill.{event.state}", text, units=moved)
        before = event.state


def _details(row: RefillRow, event: RefillEventRow, *, failed: bool) -> str:
    """The consumer, the units delivered, or the reason; `failed` says that the delivery failed."""
    if failed:
        return f": the delivery failed ({event.detail})"
    if event.state is RefillState.CLAIMED:
        return "" if event.detail == "claimed" else f" by {event.detail}"
    if event.state is RefillState.COMPLETED:
        units = "" if row.delivered is None else f": {row.delivered:,} delivered"
        return units + (f" (as {row.external_id})" if row.external_id else "")
    return "" if event.detail in {"", row.reason} else f": {event.detail}"


def _review(row: ReviewRow) -> Iterator[TimelineEvent]:
    share = "" if row.share is None else f", {row.share} {row.currency or ''}".rstrip() + " of the price"
    text = f"refund review {row.review_id} opened ({row.cause}): {row.units:,} units{share}"
    yield TimelineEvent(row.opened_at, "review.opened", text)
    if row.closed_at is not None:
        note = f": {row.note}" if row.note else ""
        yield TimelineEvent(row.closed_at, "review.closed", f"refund review {row.review_id} closed{note}")
