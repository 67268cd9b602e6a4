"""Silences as an operator types them, for all interfaces."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.alerts.labels import labels_of
from monitor.alerts.matchers import Matcher, Operation, all_match, parse_matchers, text_of
from monitor.errors import BadInputError
from monitor.events.event import SUBJECT_FIELDS
from monitor.model.duration import parse_duration
from refilld.services.input_limits import note_of
from storage import firing_alerts
from storage.engine import Transaction
from storage.events import EventRow
from storage.firing_alerts import FiringAlert
from storage.silences import NewSilence

MOST_TRIED = 500
"""Firing alerts that matchers are tried on."""
_TOO_NARROW = ("severity", "refill_id")
"""Labels that may change while a problem lasts."""


@dataclass(frozen=True, slots=True)
class TypedSilence:
    """A silence as somebody has typed it."""

    matchers: str = ""
    ends: str = "2h"
    """A duration from now on, or a time in RFC 3339."""
    comment: str = ""
    unmatched: str = ""
    """The duration without a match that ends it; empty for none."""


@dataclass(frozen=True, slots=True)
class MatchedAlerts:
    """The alerts that matchers match now."""

    alerts: Sequence[FiringAlert]
    tried: int


def typed_for(event: EventRow) -> TypedSilence:
    """A silence of one alert, and of what else concerns the same."""
    labels = labels_of(event.kind, event.severity, event.subject)
    chosen = [
        Matcher(name, Operation.EQUAL, labels[name]) for name in ("kind", *SUBJECT_FIELDS) if name in labels
    ]
    return TypedSilence(text_of(one for one in chosen if one.label not in _TOO_NARROW))


def new_silence(typed: TypedSilence, author: str, now: datetime) -> NewSilence:
    """The silence that was typed; raises BadInputError, which names its field."""
    return NewSilence(
        matchers=parse_matchers(typed.matchers),
        author=author,
        comment=note_of("comment", typed.comment, "say why"),
        starts_at=now,
        ends_at=_end(typed.ends.strip(), now),
        unmatched_for=_unmatched(typed.unmatched.strip()),
    )


def _end(text: str, now: datetime) -> datetime:
    at = _time(text, now)
    if at <= now:
        raise BadInputError("end", "it would be over already; it must end later than now")
    return at


def _time(text: str, now: datetime) -> datetime:
    with suppress(BadInputError):
        return now + parse_duration(text)
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        problem = f"{text[:40]!r} is neither a duration such as 2h nor a time such as 2026-11-29T08:00Z"
        raise BadInputError("end", problem) from None


def _unmatched(text: str) -> timedelta | None:
    return parse_duration(text, "unmatched") if text else None


def matched_now(tx: Transaction, matchers: Sequence[Matcher]) -> MatchedAlerts:
    """The firing alerts that all matchers match, among the first ones."""
    tried = firing_alerts.newest(tx, MOST_TRIED)
    matched = [one for one in tried if all_match(matchers, _labels(one.event))]
    return MatchedAlerts(matched, len(tried))


def _labels(event: EventRow) -> dict[str, str]:
    return labels_of(event.kind, event.severity, event.subject)
