"""Events about the monitor itself: whether it is blind or stuck."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.events.event import Event, Payload, ProblemEnded
from monitor.events.kind import EventKind

ENDED_BY = {
    EventKind.LOOKS_STOPPED: EventKind.LOOKS_RESUMED,
    EventKind.ALERTS_UNDELIVERED: EventKind.ALERTS_DELIVERED,
    EventKind.DISK_LOW: EventKind.DISK_ENOUGH,
    EventKind.QUEUE_STALLED: EventKind.QUEUE_MOVING,
    EventKind.IMPORTS_STOPPED: EventKind.IMPORTS_RESUMED,
    EventKind.LOOKS_OVERDUE: EventKind.LOOKS_ON_TIME,
}
"""The kind of each problem of the monitor, with the kind of its end."""
MONITOR = "refilld"
"""What has a problem that concerns the monitor as a whole."""


class MonitorProblem(NamedTuple):
    """A problem of the monitor: its kind, and what has it."""

    kind: EventKind
    name: str


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


@dataclass(frozen=True, slots=True)
class ImportsStopped(Payload):
    """No orders are imported, as they were before."""

    since: datetime
    """When orders were last imported."""
    now: datetime


@dataclass(frozen=True, slots=True)
class LooksOverdue(Payload):
    """A look at a target under guarantee is overdue for long."""

    since: datetime
    """When it was due."""
    now: datetime
    reason: str
    """Why its source does not take it."""


def begun(problem: MonitorProblem, payload: Payload) -> Event:
    """A problem of the monitor begins."""
    return Event(problem.kind, payload, problem=problem.name)


def ended(problem: MonitorProblem, since: datetime, now: datetime) -> Event:
    """A problem of the monitor has ended."""
    return Event(ENDED_BY[problem.kind], ProblemEnded(since, now), problem=problem.name)
