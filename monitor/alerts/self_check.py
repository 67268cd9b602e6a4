"""Whether the monitor itself is blind or stuck, and the alerts that say so: once when it begins and ends."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerts.alert import Alert, AlertKind
from monitor.model.time_words import minute, spoken

RESOLVED_BY = {
    AlertKind.LOOKS_STOPPED: AlertKind.LOOKS_RESUMED,
    AlertKind.ALERTS_UNDELIVERED: AlertKind.ALERTS_DELIVERED,
    AlertKind.DISK_LOW: AlertKind.DISK_ENOUGH,
    AlertKind.QUEUE_STALLED: AlertKind.QUEUE_MOVING,
}
"""The kind of each condition that is checked, with the kind of its end."""
_ENDED = {
    AlertKind.LOOKS_STOPPED: "counts are read again",
    AlertKind.ALERTS_UNDELIVERED: "no alert waits for its delivery any more",
    AlertKind.DISK_LOW: "there is enough space for the database again",
    AlertKind.QUEUE_STALLED: "no refill waits that long to be claimed any more",
}
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
class Silence:
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

    silence: Silence | None = None
    """None while it is too early to tell."""
    undelivered: Undelivered | None = None
    free_bytes: int | None = None
    """Free space on the disk of the database; None if it is elsewhere."""
    queued_since: datetime | None = None
    """Since when the oldest refill waits to be claimed."""


def conditions(
    state: MonitorState, limits: SelfCheckLimits, on: Collection[AlertKind], now: datetime
) -> dict[AlertKind, str]:
    """Return the conditions that hold, each with its text; `on` are those that held before."""
    texts = {
        AlertKind.LOOKS_STOPPED: _silent(state.silence, limits, now),
        AlertKind.ALERTS_UNDELIVERED: _undelivered(state.undelivered, limits, now),
        AlertKind.DISK_LOW: _disk_low(state.free_bytes, limits, AlertKind.DISK_LOW in on),
        AlertKind.QUEUE_STALLED: _stalled(state.queued_since, limits, now),
    }
    return {kind: text for kind, text in texts.items() if text}


def ended_alert(kind: AlertKind, since: datetime, now: datetime) -> Alert:
    """Alert that a condition has ended."""
    return Alert(RESOLVED_BY[kind], f"{_ENDED[kind]}, after {spoken(now - since)}")


def begun_alerts(found: Mapping[AlertKind, str], on: Collection[AlertKind]) -> list[Alert]:
    """Alerts on the conditions that did not hold before."""
    return [Alert(kind, text) for kind, text in found.items() if kind not in on]


def _silent(silence: Silence | None, limits: SelfCheckLimits, now: datetime) -> str:
    if silence is None or silence.wanted_since is None:
        return ""
    since = max(silence.wanted_since, silence.read_at or silence.wanted_since)
    if now - since < limits.silent_after:
        return ""
    reasons = "; ".join(silence.reasons)
    return (
        f"nothing was read for {spoken(now - since)}, though looks are due: {reasons}. "
        f"Drops are not seen; refilld doctor says what to do"
    )


def _undelivered(waiting: Undelivered | None, limits: SelfCheckLimits, now: datetime) -> str:
    if waiting is None or now - waiting.since < limits.undelivered_after:
        return ""
    why = f" ({waiting.error})" if waiting.error else ""
    return (
        f"{waiting.alerts} alert(s) wait for their delivery since {minute(waiting.since)} UTC{why}; "
        f"refilld alerts list shows them, refilld doctor --send-test-alert tries the channels"
    )


def _disk_low(free: int | None, limits: SelfCheckLimits, before: bool) -> str:
    if free is None or free >= limits.free_bytes * (_ENOUGH if before else 1):
        return ""
    left = f"{free // MEBIBYTE} MiB left on the disk of the database"
    return f"{left}; when it is full, nothing is stored and no drop is seen"


def _stalled(since: datetime | None, limits: SelfCheckLimits, now: datetime) -> str:
    if since is None or now - since < limits.queued_after:
        return ""
    return (
        f"a refill has waited to be claimed since {minute(since)} UTC, for {spoken(now - since)}; "
        f"is your fulfilment program running? refilld refills list --state queued shows the queue"
    )
