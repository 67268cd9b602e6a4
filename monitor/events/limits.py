"""Events about daily caps and backlogs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from monitor.events.event import NOTHING, Event, Payload, Subject
from monitor.events.kind import EventKind
from monitor.guarantee.daily_caps import Amounts, CapScope, ScopeKind


@dataclass(frozen=True, slots=True)
class DailyCapReached(Payload):
    """A refill does not fit into a daily cap any more."""

    scope: ScopeKind
    name: str
    """Of the provider or the service; empty for the shop."""
    units: int
    """The cap in units; 0 without one."""
    price: Mapping[str, Decimal]
    """The cap by currency."""
    held: int
    """Refills that are held for it so far."""
    release_next_day: bool
    """Whether they are decided again from the next day on."""


@dataclass(frozen=True, slots=True)
class BacklogJudged(Payload):
    """The summary of a backlog: what was missing before the first looks."""

    orders: int
    judged: int
    with_drops: int
    held: int
    """Refills that are held for the old drops."""
    units: int
    """Units of these refills."""
    price: Mapping[str, Decimal]
    """What these units were sold for, by currency."""
    reviews: int


def daily_cap_reached(scope: CapScope, cap: Amounts, held: int, *, release_next_day: bool) -> Event:
    """The daily cap of a scope is reached; one event a day."""
    payload = DailyCapReached(scope.kind, scope.name, cap.units, cap.price, held, release_next_day)
    return Event(EventKind.DAILY_CAP_REACHED, payload, _subject(scope))


def backlog_judged(
    orders: int, judged: int, with_drops: int, held: int, amounts: Amounts, reviews: int
) -> Event:
    """The orders of a backlog are judged."""
    payload = BacklogJudged(orders, judged, with_drops, held, amounts.units, amounts.price, reviews)
    return Event(EventKind.BACKLOG_JUDGED, payload)


def _subject(scope: CapScope) -> Subject:
    if scope.kind is ScopeKind.PROVIDER:
        return Subject(provider=scope.name)
    return Subject(service=scope.name) if scope.kind is ScopeKind.SERVICE else NOTHING
