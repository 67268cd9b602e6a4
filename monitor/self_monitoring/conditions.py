"""Which conditions of the monitor hold: one event when one begins, and one when it ends."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.events.event import Event, Payload
from monitor.events.kind import EventKind as Kind
from monitor.events.monitoring import MONITOR, MonitorProblem, TokenEnding, begun
from monitor.self_monitoring.alerts_undelivered import Undelivered, alerts_undelivered
from monitor.self_monitoring.budget_exhausted import DailyBudget, budget_exhausted
from monitor.self_monitoring.clock_wrong import clock_wrong
from monitor.self_monitoring.credentials_old import CredentialFile, credentials_old
from monitor.self_monitoring.disk_low import disk_low
from monitor.self_monitoring.imports_stopped import imports_stopped
from monitor.self_monitoring.limits import SelfCheckLimits
from monitor.self_monitoring.looks_overdue import OldestLook, looks_overdue
from monitor.self_monitoring.looks_stopped import ReadingGap, looks_stopped
from monitor.self_monitoring.migrations_pending import Revisions, migrations_pending
from monitor.self_monitoring.queue_stalled import queue_stalled
from monitor.self_monitoring.targets_unseen import OverdueTargets, targets_unseen
from monitor.self_monitoring.token_ending import token_ending


@dataclass(frozen=True, slots=True)
class MonitorState:
    """How the monitor stands."""

    reading_gap: ReadingGap | None = None
    """None while it is too early to tell."""
    undelivered: Undelivered | None = None
    free_bytes: int | None = None
    """Free space on the disk of the database; None if it is elsewhere."""
    queued_since: datetime | None = None
    """Since when the oldest refill waits to be claimed."""
    imported_at: datetime | None = None
    """When orders were last imported; None if never."""
    oldest_look: OldestLook | None = None
    """None if no look is overdue, or while it is too early to tell."""
    overdue: OverdueTargets | None = None
    """None while it is too early to tell."""
    revisions: Revisions | None = None
    host: str = ""
    apart: timedelta | None = None
    """How far the clock of this machine is ahead of the database server's; None if that has none."""
    spent: Mapping[str, DailyBudget] = field(default_factory=dict)
    """By source, of those that have no request left today, while looks are due."""
    credentials: Mapping[str, CredentialFile] = field(default_factory=dict)
    """By source."""
    tokens: tuple[TokenEnding, ...] = ()
    """Tokens that have an end and are not revoked."""


def conditions(
    state: MonitorState, limits: SelfCheckLimits, on: Collection[MonitorProblem], now: datetime
) -> dict[MonitorProblem, Payload]:
    """Return the conditions that hold, each with its payload; `on` are those that held before."""
    found = dict(_of_the_monitor(state, limits, on, now)) | dict(_of_its_parts(state, limits, on, now))
    return {problem: payload for problem, payload in found.items() if payload is not None}


def _of_the_monitor(
    state: MonitorState, limits: SelfCheckLimits, on: Collection[MonitorProblem], now: datetime
) -> Iterator[tuple[MonitorProblem, Payload | None]]:
    """The conditions of the monitor as a whole."""

    def before(kind: Kind) -> bool:
        return MonitorProblem(kind, MONITOR) in on

    found: dict[Kind, Payload | None] = {
        Kind.LOOKS_STOPPED: looks_stopped(state.reading_gap, limits, now),
        Kind.ALERTS_UNDELIVERED: alerts_undelivered(state.undelivered, limits, now),
        Kind.DISK_LOW: disk_low(state.free_bytes, limits, before=before(Kind.DISK_LOW)),
        Kind.QUEUE_STALLED: queue_stalled(state.queued_since, limits, now),
        Kind.LOOKS_OVERDUE: looks_overdue(state.oldest_look, limits, now, before=before(Kind.LOOKS_OVERDUE)),
        Kind.IMPORTS_STOPPED: imports_stopped(state.imported_at, limits, now),
        Kind.TARGETS_UNSEEN: targets_unseen(state.overdue, limits, before=before(Kind.TARGETS_UNSEEN)),
        Kind.MIGRATIONS_PENDING: migrations_pending(state.revisions),
    }
    return ((MonitorProblem(kind, MONITOR), payload) for kind, payload in found.items())


def _of_its_parts(
    state: MonitorState, limits: SelfCheckLimits, on: Collection[MonitorProblem], now: datetime
) -> Iterator[tuple[MonitorProblem, Payload | None]]:
    """The conditions that sources, machines and tokens have."""
    yield MonitorProblem(Kind.CLOCK_WRONG, state.host), clock_wrong(state.host, state.apart)
    for source, spent in state.spent.items():
        problem = MonitorProblem(Kind.BUDGET_EXHAUSTED, source)
        yield problem, budget_exhausted(spent, now, before=problem in on)
    for source, file in state.credentials.items():
        yield MonitorProblem(Kind.CREDENTIALS_OLD, source), credentials_old(file, limits, now)
    for token in state.tokens:
        yield MonitorProblem(Kind.TOKEN_ENDING, str(token.token_id)), token_ending(token, now)


def begun_events(
    found: Mapping[MonitorProblem, Payload], on: Collection[MonitorProblem]
) -> dict[MonitorProblem, Event]:
    """Events on the conditions that did not hold before."""
    return {problem: begun(problem, payload) for problem, payload in found.items() if problem not in on}
