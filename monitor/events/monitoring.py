"""Events about the monitor itself: whether it is blind or stuck."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.event import Event, Payload, ProblemEnded
from monitor.events.kind import EventKind

ENDED_BY = {
    EventKind.LOOKS_STOPPED: EventKind.LOOKS_RESUMED,
    EventKind.ALERTS_UNDELIVERED: EventKind.ALERTS_DELIVERED,
    EventKind.DISK_LOW: EventKind.DISK_ENOUGH,
    EventKind.QUEUE_STALLED: EventKind.QUEUE_MOVING,
}
"""The kind of each problem of the monitor, with the kind of its end."""


@dataclass(frozen=True, slots=True)
class LooksStopped(Payload):
    """Nothing is read, though looks are due."""

    since: datetime
    now: datetime
    reasons: tuple[str, ...]
    """Why, for each source."""


@dataclass(frozen=True, slots=True)
class AlertsUndelivered(Payload):
    """Alerts wait for their delivery."""

    alerts: int
    since: datetime
    error: str
    """What a channel said at last; empty if it was not tried."""


@dataclass(frozen=True, slots=True)
class DiskLow(Payload):
    """Little space is left on the disk of the SQLite file."""

    free_bytes: int


@dataclass(frozen=True, slots=True)
class QueueStalled(Payload):
    """A refill waits to be claimed for long."""

    since: datetime
    now: datetime


def begun(kind: EventKind, payload: Payload) -> Event:
    """A problem of the monitor begins."""
    return Event(kind, payload, problem="refilld")


def ended(kind: EventKind, since: datetime, now: datetime) -> Event:
    """A problem of the monitor of this kind has ended."""
    return Event(ENDED_BY[kind], ProblemEnded(since, now), problem="refilld")
