"""Alerts wait for a channel."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.monitoring import AlertsUndelivered
from monitor.self_monitoring.limits import SelfCheckLimits


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Alerts that wait for a channel."""

    alerts: int
    since: datetime
    error: str


def alerts_undelivered(
    waiting: Undelivered | None, limits: SelfCheckLimits, now: datetime
) -> AlertsUndelivered | None:
    """The payload if an alert waits for too long."""
    if waiting is None or now - waiting.since < limits.undelivered_after:
        return None
    return AlertsUndelivered(waiting.alerts, waiting.since, waiting.error)
