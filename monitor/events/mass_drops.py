"""Events about mass drops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from monitor.events.event import Event, Payload, Subject
from monitor.events.kind import EventKind
from monitor.guarantee.mass_drop import MassDropCounts, MassDropRule
from monitor.model.sums import Sum, amounts_of
from monitor.model.target import Metric


@dataclass(frozen=True, slots=True)
class MassDropStarted(Payload):
    """Many targets lost units of one metric at the same time."""

    judged: int
    """Targets that were judged in the window."""
    fallen: int
    """Those of them that fell."""
    window: timedelta
    hold: timedelta
    """How long each refill is held."""


@dataclass(frozen=True, slots=True)
class MassDropGrown(Payload):
    """The refills held for a mass drop have doubled since they were last told."""

    refills: int
    units: int
    price: Mapping[str, Decimal]
    """What the units were sold for, by currency."""


@dataclass(frozen=True, slots=True)
class MassDropEnded(Payload):
    """A mass drop is over."""

    held: int
    """Refills that are still held for it."""
    units: int
    """Their units."""
    price: Mapping[str, Decimal]
    """What the units were sold for, by currency."""


def mass_drop_started(metric: Metric, counts: MassDropCounts, rule: MassDropRule) -> Event:
    """A mass drop has started; one event for all targets together."""
    payload = MassDropStarted(counts.judged, counts.fallen, rule.window, rule.hold)
    return _event(EventKind.MASS_DROP_STARTED, payload, metric)


def mass_drop_grown(metric: Metric, held: Sum) -> Event:
    """The refills held for a mass drop have doubled since they were last told."""
    payload = MassDropGrown(held.number, held.units, amounts_of(held))
    return _event(EventKind.MASS_DROP_GROWN, payload, metric)


def mass_drop_ended(metric: Metric, held: Sum) -> Event:
    """A mass drop is over."""
    payload = MassDropEnded(held.number, held.units, amounts_of(held))
    return _event(EventKind.MASS_DROP_ENDED, payload, metric)


def _event(kind: EventKind, payload: Payload, metric: Metric) -> Event:
    return Event(kind, payload, Subject(metric=metric), metric)
