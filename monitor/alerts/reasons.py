"""Why an alert was told to a receiver, or not; `refilld alerts explain` shows them."""

from collections.abc import Mapping
from enum import StrEnum


class AlertReason(StrEnum):
    """Why an alert was told to a receiver, or not; MEANINGS says what each means."""

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

MEANINGS: Mapping[AlertReason, str] = {
    AlertReason.NEW_ALERTS: "told: the receiver did not know of it",
    AlertReason.SOME_RESOLVED: "told: it has ended, while other alerts of the group still fire",
    AlertReason.ALL_RESOLVED: "told: it has ended, like everything else in its group",
    AlertReason.REPEAT: "told again: it still fires, and the last message is older than the repeat interval",
    AlertReason.DIGEST: "told: the receiver gets a report at this time",
    AlertReason.WAITING: "not yet told: its group collects alerts",
    AlertReason.NOT_DUE: "not told again: it is not repeated, or the repeat interval has not passed",
    AlertReason.UNDELIVERED: "not told again: the last message has not been delivered yet",
    AlertReason.SILENCED: "not told: an operator's silence matches",
    AlertReason.INHIBITED: "not told: it follows from another problem that lasts",
    AlertReason.ACKNOWLEDGED: "not told again before it ends: an operator has acknowledged it",
    AlertReason.QUIET_HOURS: "not yet told: the receiver has quiet hours",
    AlertReason.NEVER_TOLD: "not told: it has ended before its beginning was told",
    AlertReason.REPLACED: "not told: a newer event of the same problem takes its place",
    AlertReason.ALREADY_TOLD: "not told: the same problem was told already, and is repeated when that is due",
    AlertReason.RESOLVED_NOT_SENT: "not told: the receiver has `send_resolved = false`",
    AlertReason.NO_CHANNEL: "not told: the receiver has no channel",
}
