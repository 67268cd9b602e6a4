"""Labels of events, alerts and webhooks."""

from collections.abc import Mapping
from enum import StrEnum

from monitor.alerts.reasons import AlertReason
from monitor.alerts.silences import SilenceState
from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.events.webhooks import DisabledReason
from refilld.translations.source_text import Label, labelled

ALERT_REASONS: Mapping[StrEnum, Label] = {
    AlertReason.NEW_ALERTS: labelled("alert", "told: the receiver did not know of it"),
    AlertReason.SOME_RESOLVED: labelled(
        "alert", "told: it has ended, while other alerts of the group still fire"
    ),
    AlertReason.ALL_RESOLVED: labelled("alert", "told: it has ended, like everything else in its group"),
    AlertReason.REPEAT: labelled(
        "alert", "told again: it still fires, and the last message is older than the repeat interval"
    ),
    AlertReason.DIGEST: labelled("alert", "told: the receiver gets a report at this time"),
    AlertReason.WAITING: labelled("alert", "not yet told: its group collects alerts"),
    AlertReason.NOT_DUE: labelled(
        "alert", "not told again: it is not repeated, or the repeat interval has not passed"
    ),
    AlertReason.UNDELIVERED: labelled("alert", "not told again: the last message has not been delivered yet"),
    AlertReason.SILENCED: labelled("alert", "not told: an operator's silence matches"),
    AlertReason.INHIBITED: labelled("alert", "not told: it follows from another problem that lasts"),
    AlertReason.ACKNOWLEDGED: labelled(
        "alert", "not told again before it ends: an operator has acknowledged it"
    ),
    AlertReason.QUIET_HOURS: labelled("alert", "not yet told: the receiver has quiet hours"),
    AlertReason.NEVER_TOLD: labelled("alert", "not told: it has ended before its beginning was told"),
    AlertReason.REPLACED: labelled("alert", "not told: a newer event of the same problem takes its place"),
    AlertReason.ALREADY_TOLD: labelled(
        "alert", "not told: the same problem was told already, and is repeated when that is due"
    ),
    AlertReason.RESOLVED_NOT_SENT: labelled("alert", "not told: the receiver has `send_resolved = false`"),
    AlertReason.NO_CHANNEL: labelled("alert", "not told: the receiver has no channel"),
}
"""Why an alert was told to a receiver, or not."""
ALERT_STATES: Mapping[str, Label] = {
    "pending": labelled("alert", "pending"),
    "sent": labelled("alert", "sent"),
    "kept": labelled("alert", "kept, no channel"),
    "failed": labelled("alert", "failed"),
    "suppressed": labelled("alert", "not told"),
}
WEBHOOK_STATES: Mapping[str, Label] = {
    "pending": labelled("webhook", "pending"),
    "delivered": labelled("webhook", "delivered"),
    "failed": labelled("webhook", "failed"),
}
EVENT_LABELS: Mapping[type[StrEnum], Mapping[StrEnum, Label]] = {
    AlertReason: ALERT_REASONS,
    SilenceState: {
        SilenceState.PENDING: labelled("silence", "pending"),
        SilenceState.ACTIVE: labelled("silence", "active"),
        SilenceState.EXPIRED: labelled("silence", "expired"),
    },
    Severity: {
        Severity.INFO: labelled("severity", "info"),
        Severity.WARNING: labelled("severity", "warning"),
        Severity.CRITICAL: labelled("severity", "critical"),
    },
    Status: {
        Status.FIRING: labelled("problem", "firing"),
        Status.RESOLVED: labelled("problem", "resolved"),
        Status.OCCURRED: labelled("problem", "occurred"),
    },
    DisabledReason: {
        DisabledReason.GONE: labelled("webhook", "it answered 410 Gone"),
        DisabledReason.FAILING: labelled("webhook", "it has failed for five days"),
    },
    EventKind: {
        EventKind.DROP_CONFIRMED: labelled("event", "drop confirmed, refill queued"),
        EventKind.DROP_HELD: labelled("event", "refill held for approval"),
        EventKind.DROP_REFUSED: labelled("event", "refill refused"),
        EventKind.DROP_WAITING: labelled("event", "drop waits"),
        EventKind.TARGET_PRIVATE: labelled("event", "profile is private"),
        EventKind.TARGET_GONE: labelled("event", "target not found any more"),
        EventKind.TARGET_OTHER_ACCOUNT: labelled("event", "link belongs to another account"),
        EventKind.TARGET_REFUSED: labelled("event", "target cannot be read"),
        EventKind.TARGET_READY: labelled("event", "target is read again"),
        EventKind.SOURCE_BLOCKED: labelled("event", "source blocked"),
        EventKind.SOURCE_READY: labelled("event", "source answers again"),
        EventKind.REFILL_DEAD: labelled("event", "refill given up"),
        EventKind.MASS_DROP_STARTED: labelled("event", "mass drop begun"),
        EventKind.MASS_DROP_GROWN: labelled("event", "mass drop grows"),
        EventKind.MASS_DROP_ENDED: labelled("event", "mass drop over"),
        EventKind.DAILY_CAP_REACHED: labelled("event", "daily cap reached"),
        EventKind.BACKLOG_JUDGED: labelled("event", "imported orders judged"),
        EventKind.REVIEW_OPENED: labelled("event", "refund review opened"),
        EventKind.LOOKS_STOPPED: labelled("event", "no counts are read"),
        EventKind.LOOKS_RESUMED: labelled("event", "counts are read again"),
        EventKind.ALERTS_UNDELIVERED: labelled("event", "alerts wait for delivery"),
        EventKind.ALERTS_DELIVERED: labelled("event", "alerts are delivered again"),
        EventKind.DISK_LOW: labelled("event", "disk almost full"),
        EventKind.DISK_ENOUGH: labelled("event", "enough disk space again"),
        EventKind.QUEUE_STALLED: labelled("event", "refills are not claimed"),
        EventKind.QUEUE_MOVING: labelled("event", "refills are claimed again"),
        EventKind.DIGEST_DUE: labelled("event", "report"),
        EventKind.REFILL_HELD: labelled("event", "refill held"),
        EventKind.REFILL_QUEUED: labelled("event", "refill queued"),
        EventKind.REFILL_CLAIMED: labelled("event", "refill claimed"),
        EventKind.REFILL_COMPLETED: labelled("event", "refill completed"),
        EventKind.REFILL_REJECTED: labelled("event", "refill rejected"),
        EventKind.REFILL_CANCELLED: labelled("event", "refill cancelled"),
        EventKind.REVIEW_CLOSED: labelled("event", "refund review closed"),
        EventKind.ORDERS_IMPORTED: labelled("event", "orders imported"),
        EventKind.ORDER_UPDATED: labelled("event", "order updated"),
        EventKind.ORDER_CORRECTED: labelled("event", "order corrected"),
        EventKind.ORDER_FLAGGED: labelled("event", "order flagged"),
        EventKind.ORDER_UNFLAGGED: labelled("event", "flag lifted"),
        EventKind.SILENCE_ADDED: labelled("event", "silence added"),
        EventKind.SILENCE_EXPIRED: labelled("event", "silence ended"),
        EventKind.ALERT_ACKNOWLEDGED: labelled("event", "alert acknowledged"),
        EventKind.CUSTOMER_FORGOTTEN: labelled("event", "customer forgotten"),
        EventKind.SOURCE_PAUSED: labelled("event", "source paused"),
        EventKind.SOURCE_RESUMED: labelled("event", "source resumed"),
        EventKind.QUEUE_PAUSED: labelled("event", "queue paused"),
        EventKind.QUEUE_RESUMED: labelled("event", "queue resumed"),
        EventKind.TOKEN_CREATED: labelled("event", "token created"),
        EventKind.TOKEN_ROTATED: labelled("event", "new secret of a token"),
        EventKind.TOKEN_REVOKED: labelled("event", "token revoked"),
        EventKind.DATABASE_REPLACED: labelled("event", "database restored or copied"),
        EventKind.WEBHOOK_DISABLED: labelled("event", "webhook disabled"),
        EventKind.WEBHOOK_TEST: labelled("event", "test of a webhook"),
        EventKind.WEBHOOK_ADDED: labelled("event", "webhook added"),
        EventKind.WEBHOOK_ROTATED: labelled("event", "new secret of a webhook"),
        EventKind.WEBHOOK_ENABLED: labelled("event", "webhook enabled again"),
        EventKind.WEBHOOK_REMOVED: labelled("event", "webhook removed"),
        EventKind.IMPORTS_STOPPED: labelled("event", "no orders are imported"),
        EventKind.IMPORTS_RESUMED: labelled("event", "orders are imported again"),
        EventKind.LOOKS_OVERDUE: labelled("event", "looks are overdue"),
        EventKind.LOOKS_ON_TIME: labelled("event", "looks are in time again"),
        EventKind.TARGETS_UNSEEN: labelled("event", "targets are not looked at in time"),
        EventKind.TARGETS_SEEN: labelled("event", "targets are looked at in time again"),
        EventKind.BUDGET_EXHAUSTED: labelled("event", "requests of a source used up"),
        EventKind.BUDGET_AVAILABLE: labelled("event", "requests of a source free again"),
        EventKind.CLOCK_WRONG: labelled("event", "clocks disagree"),
        EventKind.CLOCK_RIGHT: labelled("event", "clocks agree again"),
        EventKind.MIGRATIONS_PENDING: labelled("event", "migrations are pending"),
        EventKind.MIGRATIONS_DONE: labelled("event", "migrations are done"),
        EventKind.CREDENTIALS_OLD: labelled("event", "token or session is old"),
        EventKind.CREDENTIALS_RENEWED: labelled("event", "token or session renewed"),
        EventKind.TOKEN_ENDING: labelled("event", "token ends soon"),
        EventKind.TOKEN_SETTLED: labelled("event", "token that ended was replaced or revoked"),
        EventKind.REFILL_REQUESTED: labelled("event", "customer asked for a refill"),
        EventKind.REFILL_ASKED_FOR: labelled("event", "customer asked for a refill that is open"),
        EventKind.ORDER_CHECK_REQUESTED: labelled("event", "check of an order requested"),
        EventKind.USER_ADDED: labelled("event", "user added"),
        EventKind.USER_ROLE_CHANGED: labelled("event", "role of a user changed"),
        EventKind.USER_PASSWORD_CHANGED: labelled("event", "password changed"),
        EventKind.USER_TOTP_ADDED: labelled("event", "second factor added"),
        EventKind.USER_TOTP_REMOVED: labelled("event", "second factor removed"),
        EventKind.USER_DISABLED: labelled("event", "user disabled"),
        EventKind.USER_ENABLED: labelled("event", "user enabled again"),
        EventKind.USER_SIGNED_IN: labelled("event", "user signed in"),
        EventKind.USER_SESSIONS_ENDED: labelled("event", "sessions ended"),
        EventKind.SIGN_IN_LIMITED: labelled("event", "sign-in limited"),
        EventKind.WEBHOOK_REPLAYED: labelled("event", "messages of a webhook sent again"),
    },
}
