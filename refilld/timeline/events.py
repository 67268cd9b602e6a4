"""The events of a timeline in words, from the stored rows."""

from collections.abc import Iterator, Sequence
from gettext import NullTranslations

from monitor.model.decision import Action, Reason
from monitor.model.drop import DropState
from monitor.model.refill import RefillState
from refilld.services.order_correction import decisions_before
from refilld.timeline.event import TimelineEvent
from refilld.timeline.event_words import EventWords
from refilld.timeline.load import Timeline
from refilld.timeline.timeline import in_time
from refilld.translations.source_text import ENGLISH, marked
from storage.drops import DecisionRow, DropRow
from storage.flags import FlagRow
from storage.order_corrections import BASE, MEASURED, START_COUNT, CorrectionRow
from storage.refills import RefillEventRow, RefillRow
from storage.requests import RequestRow
from storage.reviews import ReviewRow

REASONS = {
    Reason.REFILL_IN_PROGRESS: marked("a refill is under way"),
    Reason.REFILL_LIMIT_REACHED: marked("all refills that the terms allow are delivered"),
    Reason.REFILL_ALLOWANCE_SPENT: marked("all units that the terms allow are refilled"),
    Reason.COOLDOWN: marked("the last refill is too fresh"),
    Reason.BELOW_START_COUNT: marked("the count is below what it was before the order"),
    Reason.AWAITING_REQUEST: marked("the customer has not asked"),
    Reason.BACKLOG: marked("it was missing before the first look"),
    Reason.MASS_DROP: marked("many counts fell at once"),
    Reason.RESTORED: marked("the database was restored, and later deliveries are not known"),
    Reason.SHADOW: marked("shadow mode queues nothing"),
    Reason.DAILY_CAP: marked("the daily cap is reached"),
    Reason.DROP_CONFIRMED: marked("the drop is confirmed"),
    Reason.RECOVERED: marked("the drop is no longer there"),
    Reason.DECLINED: marked("an operator declined it"),
}
_ACTIONS = {
    Action.REFILL: marked("refill {quantity}"),
    Action.HOLD: marked("hold a refill of {quantity}"),
    Action.WAIT: marked("wait"),
    Action.REFUSE: marked("refuse"),
}


_GIVEN_BACK = frozenset({RefillState.QUEUED, RefillState.DEAD})
_RELEASED = "release"
"""The detail of a refill that its consumer gave back without a failure."""


def timeline_events(timeline: Timeline, into: NullTranslations = ENGLISH) -> tuple[TimelineEvent, ...]:
    """All looks and events in order of time."""
    return tuple(in_time(timeline.looks, list(order_events(timeline, into)), EventWords(into)))


def order_events(timeline: Timeline, into: NullTranslations = ENGLISH) -> Iterator[TimelineEvent]:
    """All events without the looks, in a language; of the same time, an effect comes after its cause."""
    words = EventWords(into)
    yield from _order(timeline, words)
    yield from (_request(row, words) for row in timeline.requests)
    yield from (_flag(row, words) for row in timeline.own_flags)
    yield from (_correction(row, timeline.decisions, words) for row in timeline.corrections)
    opened = {row.opened_at for row in timeline.drops}
    counts = {look.at: look.judged for look in timeline.looks if look.at in opened}
    for drop in timeline.drops:
        yield from _drop_opened(drop, counts.get(drop.opened_at), words)
    yield from (_decision(row, words) for row in timeline.decisions)
    for refill in timeline.refills:
        yield from _refill(refill, timeline.refill_events[refill.refill_id], words)
    for drop in timeline.drops:
        yield from _drop_closed(drop, words)
    for review in timeline.reviews:
        yield from _review(review, words)
    answered = dict.fromkeys(row.answered_at for row in timeline.requests if row.answered_at is not None)
    text = words.said(marked("the customer's request is answered"))
    yield from (TimelineEvent(at, "request.answered", text) for at in answered)


def _order(timeline: Timeline, words: EventWords) -> Iterator[TimelineEvent]:
    """From the import to the end of the guarantee; some of these may lie in the future."""
    order, said = timeline.order.order, words.said
    yield TimelineEvent(timeline.order.imported_at, "order.imported", said(marked("imported")))
    if timeline.looks_left_out:
        text = said(marked("{number} earlier looks are left out here"), number=timeline.looks_left_out)
        yield TimelineEvent(timeline.looks[0].at, "look", text)
    if timeline.order.forgotten_at is not None:
        text = said(marked("the customer was forgotten"))
        yield TimelineEvent(timeline.order.forgotten_at, "order.forgotten", text)
    if order.completed_at is None:
        return
    text = said(
        marked("delivery completed: {delivered} of {quantity} units"),
        delivered=order.delivered,
        quantity=order.quantity,
    )
    yield TimelineEvent(order.completed_at, "order.delivered", text, units=order.delivered)
    if not order.guaranteed:
        return
    settled = order.completed_at + order.terms.settle
    text = said(marked("the delivery counts as settled, and counts are judged"))
    yield TimelineEvent(settled, "order.settled", text)
    void_at = min((row.set_at for row in timeline.own_flags if row.flag.voids), default=None)
    if order.ends_at is not None and (void_at is None or order.ends_at <= void_at):
        ended = order.ends_at <= timeline.now
        text = said(marked("the guarantee ended") if ended else marked("the guarantee will end"))
        yield TimelineEvent(order.ends_at, "guarantee.ended", text)


def _request(row: RequestRow, words: EventWords) -> TimelineEvent:
    answered = marked("the customer asked for a refill")
    pending = marked("the customer asked for a refill; not answered yet")
    return TimelineEvent(row.at, "request.asked", words.said(answered if row.answered_at else pending))


def _flag(row: FlagRow, words: EventWords) -> TimelineEvent:
    void = marked("flagged {flag}: the guarantee is void")
    suspended = marked("flagged {flag}: the guarantee is suspended")
    flag = words.value(row.flag)
    return TimelineEvent(
        row.set_at, "order.flagged", words.said(void if row.flag.voids else suspended, flag=flag)
    )


def _correction(row: CorrectionRow, decisions: Sequence[DecisionRow], words: EventWords) -> TimelineEvent:
    before = words.said(marked("unknown")) if row.before is None else row.before
    text = words.said(_CORRECTIONS[row.field], before=before, after=row.after)
    earlier = sum(decision.at <= row.at for decision in decisions)
    if row.field not in _BY_A_COUNT and earlier:
        text += f"; {decisions_before(earlier, words.into)}"
    return TimelineEvent(row.at, "order.corrected", text)


_BY_A_COUNT = {MEASURED, BASE}
_CORRECTIONS = {
    START_COUNT: marked("start count corrected from {before} to {after}"),
    MEASURED: marked(
        "start count measured as {after}: the first judged count contradicts the panel's {before}"
    ),
    BASE: marked("base lowered from {before} to {after}: the start count held units of another order"),
}


def _drop_opened(row: DropRow, count: int | None, words: EventWords) -> Iterator[TimelineEvent]:
    suspected = marked("drop {drop} suspected")
    at_count = marked("drop {drop} suspected at {count}")
    text = words.said(suspected if count is None else at_count, drop=str(row.drop_id), count=count)
    yield TimelineEvent(row.opened_at, "drop.opened", text, count=count)
    if row.confirmed_at is not None:
        text = words.said(marked("drop {drop} confirmed"), drop=str(row.drop_id))
        yield TimelineEvent(row.confirmed_at, "drop.confirmed", text)


def _drop_closed(row: DropRow, words: EventWords) -> Iterator[TimelineEvent]:
    """The end of a drop without a refill; any other end is a decision."""
    if row.closed_at is None:
        return
    if row.state is DropState.RECOVERED:
        text = marked("drop {drop} recovered: {numbers}")
        shown = words.said(text, drop=str(row.drop_id), numbers=_numbers(row, words))
        yield TimelineEvent(row.closed_at, "drop.recovered", shown)
    elif row.state is DropState.CLOSED:
        text = marked("drop {drop} closed: the guarantee ended or was suspended")
        yield TimelineEvent(row.closed_at, "drop.closed", words.said(text, drop=str(row.drop_id)))


def _decision(row: DecisionRow, words: EventWords) -> TimelineEvent:
    text = words.said(
        marked("decided: {action}, because {why} ({reason}); {numbers}"),
        action=words.said(_ACTIONS[row.decision], quantity=row.quantity),
        why=words.said(REASONS[row.reason]),
        reason=row.reason,
        numbers=_numbers(row, words),
    )
    return TimelineEvent(row.at, f"decision.{row.decision}", text, count=row.count, units=row.quantity)


def _numbers(row: DropRow | DecisionRow, words: EventWords) -> str:
    text = marked("count {count}, whole at {line}, {missing} missing")
    return words.said(text, count=row.count, line=row.line, missing=row.claim)


def _refill(row: RefillRow, events: tuple[RefillEventRow, ...], words: EventWords) -> Iterator[TimelineEvent]:
    """The events of a refill; its units are shown where it was last held or queued, which set them."""
    waiting = [event.event_id for event in events if event.state in {RefillState.HELD, RefillState.QUEUED}]
    with_units, without = marked("refill {refill} of {units} {state}"), marked("refill {refill} {state}")
    before = None
    for event in events:
        failed = before is RefillState.CLAIMED and event.state in _GIVEN_BACK and event.detail != _RELEASED
        text = words.said(
            with_units if event.event_id in waiting[-1:] else without,
            refill=str(row.refill_id),
            units=row.quantity,
            state=words.label(event.state),
        )
        text += _details(row, event, words, failed=failed)
        moved = row.units if event.state is RefillState.COMPLETED else row.quantity
        yield TimelineEvent(event.at, f"refill.{event.state}", text, units=moved)
        before = event.state


def _details(row: RefillRow, event: RefillEventRow, words: EventWords, *, failed: bool) -> str:
    """The consumer, the units delivered, or the reason; `failed` says that the delivery failed."""
    if failed:
        return f": {words.said(marked('the delivery failed ({error})'), error=event.detail)}"
    if event.state is RefillState.CLAIMED:
        by = words.said(marked("by {name}"), name=event.detail)
        return "" if event.detail == "claimed" else f" {by}"
    if event.state is RefillState.COMPLETED:
        delivered = words.said(marked("{units} delivered"), units=row.delivered)
        units = "" if row.delivered is None else f": {delivered}"
        as_ = words.said(marked("as {external_id}"), external_id=row.external_id)
        return units + (f" ({as_})" if row.external_id else "")
    return "" if event.detail in {"", row.reason} else f": {event.detail}"


def _review(row: ReviewRow, words: EventWords) -> Iterator[TimelineEvent]:
    plain = marked("refund review {review} opened ({cause}): {units} units")
    priced = marked("refund review {review} opened ({cause}): {units} units, {share} of the price")
    share = f"{row.share} {row.currency or ''}".rstrip()
    text = words.said(
        plain if row.share is None else priced,
        review=str(row.review_id),
        cause=words.value(row.cause),
        units=row.units,
        share=share,
    )
    yield TimelineEvent(row.opened_at, "review.opened", text)
    if row.closed_at is not None:
        note = f": {row.note}" if row.note else ""
        text = words.said(marked("refund review {review} closed"), review=str(row.review_id))
        yield TimelineEvent(row.closed_at, "review.closed", f"{text}{note}")
