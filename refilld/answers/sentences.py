"""The sentences that exist, in English, each with the placeholders that its text may use."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model.decision import Reason
from monitor.model.target import Metric
from refilld.translations.source_text import Sentence, labelled_forms, marked, marked_forms

_ORDER = frozenset({"order_id", "link", "metric", "delivered", "threshold", "status"})
_COUNT = _ORDER | {"count", "counted_at", "line", "missing", "missing_units"}
_SINCE = _ORDER | {"since"}
STALE = "stale"
"""The sentence that follows an answer from an older count when there is no newer one."""
METRIC = "metric"
"""Prefix of the words for the metrics, which `{metric}` stands for."""


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence that answers a customer."""

    words: Sentence
    placeholders: frozenset[str] = frozenset()
    number: str = ""
    """The placeholder whose number chooses between the forms of the sentence; empty for one form."""


SENTENCES: Mapping[str, AnswerSentence] = {
    "refill": AnswerSentence(
        marked("A refill of {quantity_units} for {link} is on its way."),
        _ORDER | {"quantity", "quantity_units"},
    ),
    "no_drop": AnswerSentence(
        marked(
            "Nothing is missing: {link} had {count} {metric} on {counted_at}, and your order is complete "
            "from {line} on."
        ),
        _COUNT,
    ),
    "no_drop:refilled": AnswerSentence(
        marked(
            "Nothing more is missing from your order: {link} had {count} {metric} on {counted_at}, and "
            "the refill that was delivered for it lately will show in the next counts."
        ),
        _COUNT,
    ),
    "no_drop:other_order": AnswerSentence(
        marked(
            "Nothing is missing from this order: {link} had {count} {metric} on {counted_at}, and what "
            "is missing up to {line} belongs to another order for the same link."
        ),
        _COUNT,
    ),
    "below_threshold": AnswerSentence(
        marked_forms(
            "{missing} of the {delivered} delivered {metric} is missing: {link} had {count} on "
            "{counted_at}. The guarantee refills when {threshold} or more are missing.",
            "{missing} of the {delivered} delivered {metric} are missing: {link} had {count} on "
            "{counted_at}. The guarantee refills when {threshold} or more are missing.",
        ),
        _COUNT,
        "missing",
    ),
    "not_settled": AnswerSentence(
        marked(
            "Your order was delivered only a short time ago. Its count settles first and can be judged "
            "from {settles_at} on."
        ),
        _ORDER | {"settles_at"},
    ),
    "window_expired": AnswerSentence(
        marked("The guarantee of this order ended on {ends_at}."),
        _ORDER | {"ends_at"},
    ),
    "void:dispute": AnswerSentence(
        marked("The guarantee of this order is void because its payment was disputed."),
        _ORDER,
    ),
    "void:chargeback": AnswerSentence(
        marked("The guarantee of this order is void because its payment was charged back."),
        _ORDER,
    ),
    "void:abuse": AnswerSentence(
        marked("The guarantee of this order is void because of abusive conduct."),
        _ORDER,
    ),
    "void:guideline_violation": AnswerSentence(
        marked("The guarantee of this order is void because the guidelines of the platform were violated."),
        _ORDER,
    ),
    "suspended:hold": AnswerSentence(
        marked("The guarantee of this order is suspended while the order is on hold."),
        _ORDER,
    ),
    "profile_private": AnswerSentence(
        marked(
            "{link} belongs to a private profile, so its {metric} cannot be counted. Please make the "
            "profile public: a refill is possible only then."
        ),
        _ORDER,
    ),
    "target_not_found": AnswerSentence(
        marked(
            "{link} could not be found since {since}. Please check that it exists and is public, or tell "
            "us the new link."
        ),
        _SINCE,
    ),
    "target_not_found:unavailable": AnswerSentence(
        marked(
            "The {metric} of {link} could not be read since {since}. Please check that the link opens "
            "for everybody, or tell us the new one."
        ),
        _SINCE,
    ),
    "counts_hidden": AnswerSentence(
        marked(
            "The {metric} of {link} are not shown to the public, so they cannot be counted. If you have "
            "hidden them, please show them again."
        ),
        _ORDER,
    ),
    "not_delivered": AnswerSentence(
        marked("Your order is not delivered yet. Its status is: {status}."),
        _ORDER,
    ),
    "no_guarantee": AnswerSentence(
        marked("An order with the status {status} has no refill guarantee."),
        _ORDER,
    ),
    "no_guarantee:never": AnswerSentence(
        marked("This order was sold without a refill guarantee."),
        _ORDER,
    ),
    "no_guarantee:nothing_delivered": AnswerSentence(
        marked("Nothing was delivered for this order, so there is nothing to refill."),
        _ORDER,
    ),
    "not_readable": AnswerSentence(
        marked(
            "The {metric} of {link} have not been counted since your delivery, so we cannot say yet "
            "whether any are missing."
        ),
        _ORDER,
    ),
    "not_readable:unavailable": AnswerSentence(
        marked(
            "The {metric} of {link} could not be read since {since}, so we cannot say now whether any "
            "are missing. Please check that the link opens for everybody."
        ),
        _SINCE,
    ),
    "awaiting_confirmation": AnswerSentence(
        marked_forms(
            "{missing_units} seems to be missing: {link} had {count} on {counted_at}, and your order is "
            "complete from {line} on. We check the count once more before we refill.",
            "{missing_units} seem to be missing: {link} had {count} on {counted_at}, and your order is "
            "complete from {line} on. We check the count once more before we refill.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.REFILL_IN_PROGRESS: AnswerSentence(
        marked_forms(
            "{missing_units} is missing, and a refill for this order is under way already.",
            "{missing_units} are missing, and a refill for this order is under way already.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.REFILL_LIMIT_REACHED: AnswerSentence(
        marked_forms(
            "The refill that the guarantee of this order includes has been delivered.",
            "All {max_refills} refills that the guarantee of this order includes have been delivered.",
        ),
        _COUNT | {"max_refills"},
        "max_refills",
    ),
    Reason.REFILL_ALLOWANCE_SPENT: AnswerSentence(
        marked(
            "The refills of this order have reached the limit of its guarantee, {max_percent} percent of "
            "what was delivered."
        ),
        _COUNT | {"max_percent"},
    ),
    Reason.COOLDOWN: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. The next refill of this order is possible from {next_refill_at} on.",
            "{missing_units} are missing. The next refill of this order is possible from "
            "{next_refill_at} on.",
        ),
        _COUNT | {"next_refill_at"},
        "missing",
    ),
    Reason.BELOW_START_COUNT: AnswerSentence(
        marked(
            "When we checked, more {metric} were missing on {link} than your order had delivered. Our "
            "team looks into this before anything is refilled."
        ),
        _COUNT,
    ),
    f"{Reason.BELOW_START_COUNT}:refused": AnswerSentence(
        marked(
            "When we checked, more {metric} were missing on {link} than your order had delivered. The "
            "guarantee of this order does not cover that."
        ),
        _COUNT,
    ),
    Reason.AWAITING_REQUEST: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. Your request for a refill is noted and is decided when the "
            "count is next read.",
            "{missing_units} are missing. Your request for a refill is noted and is decided when the "
            "count is next read.",
        ),
        _COUNT,
        "missing",
    ),
    f"{Reason.AWAITING_REQUEST}:not_asked": AnswerSentence(
        marked_forms(
            "{missing_units} is missing. This order is refilled on request: please ask us for the refill.",
            "{missing_units} are missing. This order is refilled on request: please ask us for the refill.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.BACKLOG: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. Our team checks this before anything is refilled.",
            "{missing_units} are missing. Our team checks this before anything is refilled.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.MASS_DROP: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. Many profiles lost {metric} at the same time, which is usually "
            "a fault of the platform, so we first wait whether they come back.",
            "{missing_units} are missing. Many profiles lost {metric} at the same time, which is usually "
            "a fault of the platform, so we first wait whether they come back.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.RESTORED: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. We count once more before we refill, because a delivery may be "
            "on its way already.",
            "{missing_units} are missing. We count once more before we refill, because a delivery may be "
            "on its way already.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.SHADOW: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. Our team checks this before anything is refilled.",
            "{missing_units} are missing. Our team checks this before anything is refilled.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.DAILY_CAP: AnswerSentence(
        marked_forms(
            "{missing_units} is missing. Our team checks this before anything is refilled.",
            "{missing_units} are missing. Our team checks this before anything is refilled.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.DROP_CONFIRMED: AnswerSentence(
        marked_forms(
            "It is confirmed that {missing_units} is missing.",
            "It is confirmed that {missing_units} are missing.",
        ),
        _COUNT,
        "missing",
    ),
    Reason.RECOVERED: AnswerSentence(
        marked("What was missing has come back."),
        _COUNT,
    ),
    Reason.DECLINED: AnswerSentence(
        marked("Our team has looked at this loss and has declined a refill for it."),
        _COUNT,
    ),
    STALE: AnswerSentence(
        marked("This is from the last count, of {counted_at}; there is no newer one yet."),
        _COUNT,
    ),
    f"{METRIC}:{Metric.FOLLOWERS}": AnswerSentence(marked("followers")),
    f"{METRIC}:{Metric.LIKES}": AnswerSentence(marked("likes")),
    f"{METRIC}:{Metric.VIEWS}": AnswerSentence(marked("views")),
}
"""By word, or by word and variant (`word:variant`)."""
UNITS: Mapping[Metric, Sentence] = {
    Metric.FOLLOWERS: labelled_forms("missing", "{number} follower", "{number} followers"),
    Metric.LIKES: labelled_forms("missing", "{number} like", "{number} likes"),
    Metric.VIEWS: labelled_forms("missing", "{number} view", "{number} views"),
}
"""A number of units, which `{missing_units}` and `{quantity_units}` stand for."""
