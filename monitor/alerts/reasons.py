"""Why an alert was told to a receiver, or not; `refilld alerts explain` shows them."""

from enum import StrEnum


class AlertReason(StrEnum):
    """Why an alert was told to a receiver, or not, in one word."""

    NEW_ALERTS = "new_alerts"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    REPEAT = "repeat"
    DIGEST = "digest"
    WAITING = "waiting"
    NOT_DUE = "not_due"
    UNDELIVERED = "undelivered"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    ACKNOWLEDGED = "acknowledged"
    QUIET_HOURS = "quiet_hours"
    NEVER_TOLD = "never_told"
    REPLACED = "replaced"
    ALREADY_TOLD = "already_told"
    RESOLVED_NOT_SENT = "resolved_not_sent"
    NO_CHANNEL = "no_channel"


TOLD = frozenset(
    {
        AlertReason.NEW_ALERTS,
        AlertReason.SOME_RESOLVED,
        AlertReason.ALL_RESOLVED,
        AlertReason.REPEAT,
        AlertReason.DIGEST,
    }
)
"""Reasons why an alert is told."""
SUPPRESSED = (
    frozenset(AlertReason) - TOLD - {AlertReason.WAITING, AlertReason.NOT_DUE, AlertReason.UNDELIVERED}
)
"""Reasons that keep an alert back; the others say only that its time has not come."""
