"""A look that is due by date is not taken."""

from dataclasses import dataclass
from datetime import datetime

from monitor.events.monitoring import LooksOverdue
from monitor.self_monitoring.limits import SelfCheckLimits


@dataclass(frozen=True, slots=True)
class OldestLook:
    """The look that is overdue longest; looks that may wait for the budget do not count."""

    due_at: datetime
    reason: str
    """Why its source does not take it."""


def looks_overdue(
    oldest: OldestLook | None, limits: SelfCheckLimits, now: datetime, *, before: bool
) -> LooksOverdue | None:
    """The payload if a look is overdue for too long; once told, until it is overdue by half of that."""
    if oldest is None or now - oldest.due_at < limits.overdue_after / (2 if before else 1):
        return None
    return LooksOverdue(oldest.due_at, now, oldest.reason)
