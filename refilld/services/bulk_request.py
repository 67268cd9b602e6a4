"""A request for an action on many rows, as a form or a body writes it: read, then planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from monitor.errors import BadInputError
from monitor.guarantee.queue_rules import QueueRules
from monitor.model.bulk_action import REFILL_ACTIONS, BulkAction
from monitor.model.order import Flag
from monitor.model.whole_number import whole_number
from refilld.services import bulk_preview
from refilld.services.bulk_preview import MOST, PlannedBulk
from refilld.services.event_query import ALERTS
from refilld.services.input_limits import LARGEST_ID, LONGEST_TEXT, note_of
from refilld.services.list_query import QueryFormat
from refilld.services.order_query import ORDERS
from refilld.services.refill_query import REFILLS
from refilld.services.review_query import REVIEWS
from storage.engine import Transaction

F = TypeVar("F")
_NO_NOTE = "write what was done, such as: refunded 2.40 EUR"


class BulkSubject(StrEnum):
    """What the rows of an action are."""

    REFILLS = "refills"
    ORDERS = "orders"
    REVIEWS = "reviews"
    ALERTS = "alerts"


ACTIONS: Mapping[BulkSubject, frozenset[BulkAction]] = {
    BulkSubject.REFILLS: REFILL_ACTIONS,
    BulkSubject.ORDERS: frozenset({BulkAction.FLAG, BulkAction.UNFLAG, BulkAction.CHECK}),
    BulkSubject.REVIEWS: frozenset({BulkAction.CLOSE}),
    BulkSubject.ALERTS: frozenset({BulkAction.ACKNOWLEDGE}),
}


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """An action, and on which rows."""

    subject: str
    action: str
    ids: Sequence[str]
    filter: str | None = None
    """The query string of a list: everything that matches is meant, and not the ids."""
    flag: str = ""
    note: str = ""


def subject_of(action: BulkAction) -> BulkSubject:
    """What an action is done to."""
    return next(subject for subject, actions in ACTIONS.items() if action in actions)


def plan(tx: Transaction, asked: BulkRequest, rules: QueueRules, now: datetime) -> PlannedBulk:
    """Plan what is asked for; raises BadInputError, or ShadowModeError if it can queue nothing."""
    subject = _word(BulkSubject, "subject", asked.subject)
    action = _word(BulkAction, "action", asked.action)
    if action not in ACTIONS[subject]:
        raise BadInputError("action", f"{action} is no action on {subject}")
    if asked.filter is None:
        asked = replace(asked, ids=_selected(asked.ids))
    if subject is BulkSubject.REFILLS:
        refills = _numbered(asked, REFILLS, now)
        return bulk_preview.plan_refills(tx, action, refills, rules, now)
    if subject is BulkSubject.REVIEWS:
        reviews = _numbered(asked, REVIEWS, now)
        return bulk_preview.plan_reviews(tx, reviews, note_of("note", asked.note, _NO_NOTE), now)
    if subject is BulkSubject.ALERTS:
        alerts = _numbered(asked, ALERTS, now)
        return bulk_preview.plan_alerts(tx, alerts, now)
    flag = None if action is BulkAction.CHECK else _word(Flag, "flag", asked.flag)
    chosen = _named(asked.ids) if asked.filter is None else _filter(asked.filter, ORDERS, now)
    return bulk_preview.plan_orders(tx, action, chosen, now, flag)


def _selected(ids: Sequence[str]) -> list[str]:
    """The ids, each once; raises BadInputError if there are none, too many, or one that none can be."""
    found = list(dict.fromkeys(ids))
    if not found:
        raise BadInputError("id", "nothing is selected; select rows, or everything that matches")
    if len(found) > MOST:
        raise BadInputError("id", f"{len(found):,} rows are selected; one action takes at most {MOST:,}")
    for text in found:
        if len(text) > LONGEST_TEXT:
            raise BadInputError("id", f"{text[:40]!r} is no id")
    return found


W = TypeVar("W", bound=StrEnum)


def _word(words: type[W], field: str, text: str) -> W:
    if text not in set(words):
        raise BadInputError(field, f"there is no {field} {text[:40]!r}; write one of {', '.join(words)}")
    return words(text)


def _numbered(asked: BulkRequest, form: QueryFormat[F], now: datetime) -> F | list[int]:
    """The filter, or the ids as numbers."""
    if asked.filter is None:
        return list(dict.fromkeys(map(_id, asked.ids)))
    return _filter(asked.filter, form, now)


def _id(text: str) -> int:
    found = whole_number(text, LARGEST_ID)
    if found is None:
        raise BadInputError("id", f"{text[:40]!r} is no id")
    return found


def _named(ids: Sequence[str]) -> list[str]:
    """Ids of orders, each once."""
    for text in ids:
        if not text.isprintable() or len(text) > LONGEST_TEXT:
            raise BadInputError("id", f"{text[:40]!r} is no id")
    return list(dict.fromkeys(ids))


def _filter(text: str, form: QueryFormat[F], now: datetime) -> F:
    found = form.parse(text, now)
    if isinstance(found, tuple):
        raise BadInputError("filter", "; ".join(map(str, found)))
    return found.filter
