"""Nobody claims the refills."""

from datetime import datetime

from monitor.events.monitoring import QueueStalled
from monitor.self_monitoring.limits import SelfCheckLimits


def queue_stalled(since: datetime | None, limits: SelfCheckLimits, now: datetime) -> QueueStalled | None:
    """The payload if the oldest refill has waited since `since` for too long; None without one."""
    if since is None or now - since < limits.queued_after:
        return None
    return QueueStalled(since, now)
