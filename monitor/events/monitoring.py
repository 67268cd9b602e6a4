"""Events about the monitor itself: whether it is blind or stuck."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.events.event import NOTHING, Event, Payload, ProblemEnded, Subject
from monitor.events.kind import EventKind

ENDED_BY = {
    EventKind.LOOKS_STOPPED: EventKind.LOOKS_RESUMED,
    EventKind.ALERTS_UNDELIVERED: EventKind.ALERTS_DELIVERED,
    EventKind.DISK_LOW: EventKind.DISK_ENOUGH,
    EventKind.QUEUE_STALLED: EventKind.QUEUE_MOVING,
    EventKind.IMPORTS_STOPPED: EventKind.IMPORTS_RESUMED,
    EventKind.LOOKS_OVERDUE: EventKind.LOOKS_ON_TIME,
    EventKind.TARGETS_UNSEEN: EventKind.TARGETS_SEEN,
    EventKind.BUDGET_EXHAUSTED: EventKind.BUDGET_AVAILABLE,
    EventKind.CLOCK_WRONG: EventKind.CLOCK_RIGHT,
    EventKind.MIGRATIONS_PENDING: EventKind.MIGRATIONS_DONE,
    EventKind.CREDENTIALS_OLD: EventKind.CREDENTIALS_RENEWED,
    EventKind.TOKEN_ENDING: EventKind.TOKEN_SETTLED,
}
"""The kind of each problem of the monitor, with the kind of its end."""
MONITOR = "refilld"
"""What has a problem that concerns the monitor as a whole."""
OF_SOURCES = {EventKind.BUDGET_EXHAUSTED, EventKind.CREDENTIALS_OLD}
"""Problems that a source has."""


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


@dataclass(frozen=True, slots=True)
class TargetsUnseen(Payload):
    """Many targets are overdue for long."""

    targets: int
    of: int
    """Targets that are watched."""
    overdue_after: timedelta


@dataclass(frozen=True, slots=True)
class BudgetExhausted(Payload):
    """A source has used its requests of a day, though looks are due."""

    requests: int
    """Requests that looks may use in 24 hours."""
    free_at: datetime
    """When it may send the next one."""


@dataclass(frozen=True, slots=True)
class ClockWrong(Payload):
    """The clocks of this machine and of the database server are apart."""

    host: str
    apart: timedelta
    """Positive if the clock of this machine is ahead."""


@dataclass(frozen=True, slots=True)
class MigrationsPending(Payload):
    """A newer refilld is installed, but the database was not migrated yet."""

    revision: str
    """Of the database."""
    newest: str


@dataclass(frozen=True, slots=True)
class CredentialsOld(Payload):
    """The token or session of a source was not renewed for long."""

    file: str
    """The option of the source that names it."""
    renewed_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class TokenEnding(Payload):
    """A token of the HTTP interface ends soon, or has ended."""

    token_id: int
    name: str
    """Its holder; may be empty."""
    ends_at: datetime


def begun(problem: MonitorProblem, payload: Payload) -> Event:
    """A problem of the monitor begins."""
    return Event(problem.kind, payload, _subject(problem), problem.name)


def ended(problem: MonitorProblem, since: datetime, now: datetime) -> Event:
    """A problem of the monitor has ended."""
    return Event(ENDED_BY[problem.kind], ProblemEnded(since, now), _subject(problem), problem.name)


def _subject(problem: MonitorProblem) -> Subject:
    return Subject(source=problem.name) if problem.kind in OF_SOURCES else NOTHING
