"""Deduplication: whether a group has anything to tell that its receiver does not know.

The rules are those of Alertmanager (`notify/dedup_stage.go`).
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerts.reasons import AlertReason


@dataclass(frozen=True, slots=True)
class LastMessage:
    """What a receiver was told last about a group."""

    firing: AbstractSet[str]
    resolved: AbstractSet[str]
    at: datetime


def decide(
    last: LastMessage | None,
    firing: AbstractSet[str],
    resolved: AbstractSet[str],
    repeat: timedelta,
    now: datetime,
    *,
    send_resolved: bool = True,
) -> AlertReason:
    """Decide whether these alerts are worth a message."""
    if last is None:
        return AlertReason.NEW_ALERTS if firing else AlertReason.NOT_DUE
    if not firing <= last.firing:
        return AlertReason.NEW_ALERTS
    if not firing:  # told even without send_resolved, so that what fires again is new
        return AlertReason.ALL_RESOLVED if last.firing else AlertReason.NOT_DUE
    if send_resolved and not resolved <= last.resolved:
        return AlertReason.SOME_RESOLVED
    return AlertReason.REPEAT if last.at + repeat <= now else AlertReason.NOT_DUE
