"""How urgent each kind of alert is, and which kinds say that a problem has ended."""

from enum import StrEnum

from monitor.alerts.alert import AlertKind
from monitor.alerts.self_check import RESOLVED_BY


class Severity(StrEnum):
    """How urgent an alert is."""

    INFO = "info"
    """Nothing to do."""
    WARNING = "warning"
    """Somebody must act or decide, at the next opportunity."""
    CRITICAL = "critical"
    """The guarantee is not kept until somebody acts."""


_WARNINGS = frozenset(
    {
        AlertKind.DROP_HELD,
        AlertKind.TARGET_PRIVATE,
        AlertKind.TARGET_GONE,
        AlertKind.TARGET_OTHER_ACCOUNT,
        AlertKind.TARGET_REFUSED,
        AlertKind.REFILL_DEAD,
        AlertKind.REVIEW_OPENED,
        AlertKind.DAILY_CAP_REACHED,
        AlertKind.BACKLOG_JUDGED,
    }
)
_CRITICAL = frozenset(
    {AlertKind.SOURCE_BLOCKED, AlertKind.MASS_DROP_STARTED, AlertKind.MASS_DROP_GROWN, *RESOLVED_BY}
)

RESOLVED = frozenset(
    {AlertKind.TARGET_READY, AlertKind.SOURCE_READY, AlertKind.MASS_DROP_ENDED, *RESOLVED_BY.values()}
)
"""Kinds which say that a problem has ended."""


def severity_of(kind: AlertKind) -> Severity:
    """Return the severity of a kind of alert."""
    if kind in _CRITICAL:
        return Severity.CRITICAL
    return Severity.WARNING if kind in _WARNINGS else Severity.INFO
