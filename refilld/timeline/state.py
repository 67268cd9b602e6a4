"""What is owed for an order now and why, in one sentence for operators."""

from dataclasses import dataclass
from enum import StrEnum
from gettext import NullTranslations

from monitor.guarantee.customer_answers import Answer
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.time_words import minute
from refilld.timeline.events import REASONS
from refilld.timeline.load import Timeline
from refilld.translations.labels import label_of
from refilld.translations.numbers import shown_number
from refilld.translations.source_text import ENGLISH, Sentence, marked
from storage.refills import RefillRow


class StateTone(StrEnum):
    """Whether somebody waits."""

    NOTHING = ""
    """Nothing is owed."""
    WAITS = "wait"
    """It is not decided yet, or the delivery is under way."""
    NEEDS_YOU = "bad"
    """Only an operator can go on."""


@dataclass(frozen=True, slots=True)
class OwedState:
    """The sentence, and how it is shown."""

    tone: StateTone
    text: str


_OPEN = {
    RefillState.QUEUED: (
        StateTone.WAITS,
        marked("{units} {metric} are owed: refill {refill} waits to be claimed."),
    ),
    RefillState.CLAIMED: (
        StateTone.WAITS,
        marked("{units} {metric} are owed: refill {refill} is with {consumer} until {until} UTC."),
    ),
}
_HELD = marked("{units} {metric} are held in refill {refill}, because {why}; it needs your decision.")
_HELD_WHOLE = marked(
    "All {units} {metric} of the order are held in refill {refill}, because {why}; approving queues all of "
    "them that are still missing. It needs your decision."
)
_HELD_UNTIL = marked(
    "{units} {metric} are held in refill {refill}, because {why}; decided again from {until} UTC on."
)
_DECIDED = marked("{missing} {metric} are missing, but no refill is due, because {why}.")
_WORDS = {
    "no_drop": marked("Nothing is owed: the newest count is {count}, and the order is whole at {line}."),
    "no_drop:refilled": marked("Nothing more is owed: the delivered refill is not in the count yet."),
    "no_drop:other_order": marked("Nothing is owed: what is missing belongs to another order of the target."),
    "below_threshold": marked(
        "Nothing is owed: {missing} {metric} are missing, and a drop opens at {threshold}."
    ),
    "awaiting_confirmation": marked(
        "{missing} {metric} seem to be missing; another look has to confirm the drop."
    ),
    "awaiting_request": marked(
        "{missing} {metric} are missing; the customer has asked, and the next count decides."
    ),
    "awaiting_request:not_asked": marked("{missing} {metric} are missing; refilled once the customer asks."),
    "not_settled": marked("Nothing is judged yet: the delivery settles until {settles_at} UTC."),
    "window_expired": marked("Nothing is owed: the guarantee ended at {ends_at} UTC."),
    "void": marked("Nothing is owed: a flag has made the guarantee void."),
    "suspended": marked("Nothing is decided: the guarantee is suspended while the order is on hold."),
    "profile_private": marked("Nothing can be judged: the profile is private."),
    "target_not_found": marked("Nothing can be judged: the target is not found."),
    "counts_hidden": marked("Nothing can be judged: the counts are hidden."),
    "not_readable": marked("Nothing can be judged: the target could not be read."),
    "not_delivered": marked("Nothing is owed: the order is not delivered (status {status})."),
    "no_guarantee": marked("Nothing is owed: the order has no guarantee."),
}
_UNDECIDED = frozenset(
    {
        "awaiting_confirmation",
        "awaiting_request",
        "not_settled",
        "suspended",
        "profile_private",
        "counts_hidden",
        "target_not_found",
        "not_readable",
    }
)
_FINAL = frozenset(
    {Reason.REFILL_LIMIT_REACHED, Reason.REFILL_ALLOWANCE_SPENT, Reason.RECOVERED, Reason.DECLINED}
)
"""Reasons after which nothing is awaited."""


def owed_state(timeline: Timeline, into: NullTranslations = ENGLISH) -> OwedState:
    """What is owed now: by the open refill if there is one, else by the answer to the customer."""
    opened = next((row for row in timeline.refills if row.state.open), None)
    tone, text = _by_answer(timeline.answer) if opened is None else _by_refill(opened, timeline.answer)
    values = _values(timeline.answer, into) | (_refill_values(opened, into) if opened is not None else {})
    return OwedState(tone, text.into(into).format_map(values))


def _by_refill(row: RefillRow, answer: Answer) -> tuple[StateTone, Sentence]:
    if row.state in _OPEN:
        return _OPEN[row.state]
    if row.release_at is not None:
        return StateTone.WAITS, _HELD_UNTIL
    return StateTone.NEEDS_YOU, _HELD_WHOLE if row.quantity >= answer.order.delivered else _HELD


def _by_answer(answer: Answer) -> tuple[StateTone, Sentence]:
    word, _, flag = answer.word.partition(":")
    text = _WORDS.get(f"{word}:{answer.variant or flag}", _WORDS.get(word, _DECIDED))
    over = word not in _UNDECIDED and (word in _WORDS or word in _FINAL)
    return StateTone.NOTHING if over else StateTone.WAITS, text


def _refill_values(row: RefillRow, into: NullTranslations) -> dict[str, str]:
    until = row.leased_until or row.release_at
    return {
        "refill": str(row.refill_id),
        "units": shown_number(f"{row.quantity:,}", into),
        "consumer": row.consumer or into.gettext("its consumer"),
        "why": REASONS[row.reason].into(into),
        "until": "" if until is None else minute(until),
    }


def _values(answer: Answer, into: NullTranslations) -> dict[str, str]:
    order = answer.order
    settles_at = None if order.completed_at is None else order.completed_at + order.terms.settle
    numbers = {"count": answer.count, "line": answer.line, "missing": answer.missing}
    times = {"settles_at": settles_at, "ends_at": order.ends_at}
    return {
        "metric": label_of(order.target.metric, into),
        "status": label_of(order.status, into),
        "threshold": shown_number(f"{answer.threshold:,}", into),
        "why": REASONS[Reason(answer.word)].into(into) if answer.word in set(Reason) else "",
        **{
            name: "" if number is None else shown_number(f"{number:,}", into)
            for name, number in numbers.items()
        },
        **{name: minute(at) if at is not None else "" for name, at in times.items()},
    }
