"""Whether the monitor itself is blind or stuck: one event when it begins, and one when it ends."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.events.event import Event, Payload
from monitor.events.kind import EventKind
from monitor.events.monitoring import AlertsUndelivered, DiskLow, LooksStopped, QueueStalled, begun

MEBIBYTE = 1 << 20
_ENOUGH = 1.5
"""The space has to grow to this multiple of the limit before the condition ends."""


@dataclass(frozen=True, slots=True)
class SelfCheckLimits:
    """From when on a condition is told."""

    silent_after: timedelta = timedelta(hours=3)
    undelivered_after: timedelta = timedelta(hours=1)
    queued_after: timedelta = timedelta(hours=24)
    free_bytes: int = 200 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class ReadingGap:
    """What is known about the looks."""

    read_at: datetime | None
    """When a source last showed a target; None if never."""
    wanted_since: datetime | None
    """Since when looks are due or were tried without a result; None if none is."""
    reasons: tuple[str, ...] = ()
    """Why, for each source."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Alerts that wait for a channel."""

    alerts: int
    since: datetime
    error: str


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


def conditions(
    state: MonitorState, limits: SelfCheckLimits, on: Collection[EventKind], now: datetime
) -> dict[EventKind, Payload]:
    """Return the conditions that hold, each with its payload; `on` are those that held before."""
    found = {
        EventKind.LOOKS_STOPPED: _stopped(state.reading_gap, limits, now),
        EventKind.ALERTS_UNDELIVERED: _undelivered(state.undelivered, limits, now),
        EventKind.DISK_LOW: _disk_low(state.free_bytes, limits, EventKind.DISK_LOW in on),
        EventKind.QUEUE_STALLED: _stalled(state.queued_since, limits, now),
    }
    return {kind: payload for kind, payload in found.items() if payload is not None}


def begun_events(found: Mapping[EventKind, Payload], on: Collection[EventKind]) -> list[Event]:
    """Events on the conditions that did not hold before."""
    return [begun(kind, payload) for kind, payload in found.items() if kind not in on]


def _stopped(gap: ReadingGap | None, limits: SelfCheckLimits, now: datetime) -> LooksStopped | None:
    if gap is None or gap.wanted_since is None:
        return None
    since = max(gap.wanted_since, gap.read_at or gap.wanted_since)
    return LooksStopped(since, now, gap.reasons) if now - since >= limits.silent_after else None


def _undelivered(
    waiting: Undelivered | None, limits: SelfCheckLimits, now: datetime
) -> AlertsUndelivered | None:
    if waiting is None or now - waiting.since < limits.undelivered_after:
        return None
    return AlertsUndelivered(waiting.alerts, waiting.since, waiting.error)


def _disk_low(free: int | None, limits: SelfCheckLimits, before: bool) -> DiskLow | None:
    if free is None or free >= limits.free_bytes * (_ENOUGH if before else 1):
        return None
    return DiskLow(free)


def _stalled(since: datetime | None, limits: SelfCheckLimits, now: datetime) -> QueueStalled | None:
    if since is None or now - since < limits.queued_after:
        return None
    return QueueStalled(since, now)
