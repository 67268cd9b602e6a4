"""What is owed for an order now and why, in one sentence for operators."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.guarantee.customer_answers import Answer
from monitor.model.decision import Reason
from monitor.model.refill import RefillState
from monitor.model.time_words import minute
from refilld.timeline.events import REASONS
from refilld.timeline.load import Timeline
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
    RefillState.QUEUED: (StateTone.WAITS, "{units} {metric} are owed: refill {refill} waits to be claimed."),
    RefillState.CLAIMED: (
        StateTone.WAITS,
        "{units} {metric} are owed: refill {refill} is with {consumer} until {until} UTC.",
    ),
}
_HELD = "{units} {metric} are held in refill {refill}, because {why}; it needs your decision."
_HELD_UNTIL = (
    "{units} {metric} are held in refill {refill}, because {why}; decided again from {until} UTC on."
)
_DECIDED = "{missing} {metric} are missing, but no refill is due, because {why}."
_WORDS = {
    "no_drop": "Nothing is owed: the newest count is {count}, and the order is whole at {line}.",
    "no_drop:refilled": "Nothing more is owed: the delivered refill is not in the count yet.",
    "no_drop:other_order": "Nothing is owed: what is missing belongs to another order of the target.",
    "below_threshold": "Nothing is owed: {missing} {metric} are missing, and a drop opens at {threshold}.",
    "awaiting_confirmation": "{missing} {metric} seem to be missing; another look has to confirm the drop.",
    "awaiting_request": "{missing} {metric} are missing; the customer has asked, and the next count decides.",
    "awaiting_request:not_asked": "{missing} {metric} are missing; refilled once the customer asks.",
    "not_settled": "Nothing is judged yet: the delivery settles until {settles_at} UTC.",
    "window_expired": "Nothing is owed: the guarantee ended at {ends_at} UTC.",
    "void": "Nothing is owed: a flag has made the guarantee void.",
    "suspended": "Nothing is decided: the guarantee is suspended while the order is on hold.",
    "profile_private": "Nothing can be judged: the profile is private.",
    "target_not_found": "Nothing can be judged: the target is not found.",
    "counts_hidden": "Nothing can be judged: the counts are hidden.",
    "not_readable": "Nothing can be judged: the target could not be read.",
    "not_delivered": "Nothing is owed: the order is not delivered (status {status}).",
    "no_guarantee": "Nothing is owed: the order has no guarantee.",
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


def owed_state(timeline: Timeline) -> OwedState:
    """What is owed now: by the open refill if there is one, else by the answer to the customer."""
    opened = next((row for row in timeline.refills if row.state.open), None)
    tone, text = _by_answer(timeline.answer) if opened is None else _by_refill(opened)
    values = _values(timeline.answer) | (_refill_values(opened) if opened is not None else {})
    return OwedState(tone, text.format_map(values))


def _by_refill(row: RefillRow) -> tuple[StateTone, str]:
    if row.state in _OPEN:
        return _OPEN[row.state]
    return (StateTone.NEEDS_YOU, _HELD) if row.release_at is None else (StateTone.WAITS, _HELD_UNTIL)


def _by_answer(answer: Answer) -> tuple[StateTone, str]:
    word, _, flag = answer.word.partition(":")
    text = _WORDS.get(f"{word}:{answer.variant or flag}", _WORDS.get(word, _DECIDED))
    over = word not in _UNDECIDED and (word in _WORDS or word in _FINAL)
    return StateTone.NOTHING if over else StateTone.WAITS, text


def _refill_values(row: RefillRow) -> dict[str, str]:
    until = row.leased_until or row.release_at
    return {
        "refill": str(row.refill_id),
        "units": f"{row.quantity:,}",
        "consumer": row.consumer or "its consumer",
        "why": REASONS[row.reason],
        "until": "" if until is None else minute(until),
    }


def _values(answer: Answer) -> dict[str, str]:
    order = answer.order
    settles_at = None if order.completed_at is None else order.completed_at + order.terms.settle
    numbers = {"count": answer.count, "line": answer.line, "missing": answer.missing}
    times = {"settles_at": settles_at, "ends_at": order.ends_at}
    return {
        "metric": order.target.metric,
        "status": order.status,
        "threshold": f"{answer.threshold:,}",
        "why": REASONS[Reason(answer.word)] if answer.word in set(Reason) else "",
        **{name: f"{number:,}" if number is not None else "" for name, number in numbers.items()},
        **{name: minute(at) if at is not None else "" for name, at in times.items()},
    }
