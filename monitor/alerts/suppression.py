"""Suppression: why an alert of a group is kept back when its group is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.alerts.inhibition import Problem, inhibited_by
from monitor.alerts.quiet_hours import QuietHours
from monitor.alerts.reasons import AlertReason
from monitor.alerts.silences import Silence, silenced_by

CRITICAL = "critical"
"""The severity that quiet hours let through."""


@dataclass(frozen=True, slots=True)
class GroupAlert:
    """One alert of a group, as its receiver knows it."""

    event_id: int
    key: str
    """Shared by the beginning of a problem and its end."""
    labels: Mapping[str, str]
    lasts: bool
    """Whether it is a problem, which lasts until it ends; else it happened once, and is told once."""
    told_at: datetime | None = None
    """When its receiver was last told that it fires."""
    ended: bool = False
    """Whether this is the end of the problem; its labels are those of the beginning."""
    acknowledged: bool = False
    undelivered: bool = False
    """Whether the last message about it still waits for a channel."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An alert is kept back."""

    reason: AlertReason
    detail: str = ""
    """By what."""


@dataclass(frozen=True, slots=True)
class Suppressors:
    """What keeps alerts back at one time."""

    silences: tuple[Silence, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Problems that last now and inhibit others."""
    quiet: QuietHours | None = None
    """Of the receiver."""


def suppression(alert: GroupAlert, by: Suppressors, now: datetime) -> Suppressed | None:
    """Why an alert is kept back now; None if it is not.

    The end of a problem that was told is not kept back by another problem, or by the acknowledgement.
    """
    silence = silenced_by(alert.labels, by.silences, now)
    if silence is not None:
        return Suppressed(AlertReason.SILENCED, f"silence {silence.silence_id} by {silence.author}")
    if not alert.ended:
        problem = inhibited_by(alert.labels, by.problems)
        if problem is not None:
            return Suppressed(AlertReason.INHIBITED, problem.labels["kind"])
        if alert.acknowledged:
            return Suppressed(AlertReason.ACKNOWLEDGED)
    if by.quiet is not None and alert.labels.get("severity") != CRITICAL and by.quiet.contain(now):
        return Suppressed(AlertReason.QUIET_HOURS)
    return None
