"""The catalogue of kinds: severity, payload, meaning, and what ends each problem."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.events.changes import (
    AlertAcknowledged,
    CheckRequested,
    CustomerForgotten,
    DatabaseReplaced,
    FlagChanged,
    OrderCorrected,
    OrdersImported,
    OrderUpdated,
    QueuePauseChanged,
    RefillAskedFor,
    RefillDelivered,
    RefillMoved,
    RequestRecorded,
    ReviewClosed,
    SilenceChanged,
    SourceChanged,
    TokenChanged,
)
from monitor.events.digests import DigestDue
from monitor.events.drops import DropDecided
from monitor.events.event import Payload, ProblemEnded
from monitor.events.kind import EventKind as Kind
from monitor.events.limits import BacklogJudged, DailyCapReached
from monitor.events.mass_drops import MassDropEnded, MassDropGrown, MassDropStarted
from monitor.events.monitoring import ENDED_BY as MONITORING_ENDED_BY
from monitor.events.monitoring import (
    AlertsUndelivered,
    BudgetExhausted,
    ClockWrong,
    CredentialsOld,
    DiskLow,
    ImportsStopped,
    LooksOverdue,
    LooksStopped,
    MigrationsPending,
    QueueStalled,
    TargetsUnseen,
    TokenEnding,
)
from monitor.events.refills import RefillDead, ReviewOpened
from monitor.events.severity import Severity, Status
from monitor.events.sources import SourceBlocked
from monitor.events.targets import (
    TargetGone,
    TargetOtherAccount,
    TargetPrivate,
    TargetReady,
    TargetRefused,
)
from monitor.events.users import SignInLimited, UserChanged
from monitor.events.webhooks import WebhookChanged, WebhookDisabled, WebhookReplayed, WebhookTest

VERSION = 1
"""Version of the payloads; it grows when a field changes its meaning or is removed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about a kind of event."""

    severity: Severity
    payload: type[Payload]
    meaning: str
    """When an event of this kind is stored."""
    alert: bool = True
    """Whether the operator is told; otherwise it is for the audit trail and for webhooks."""


def _change(payload: type[Payload], meaning: str) -> Entry:
    """An event of the audit trail."""
    return Entry(Severity.INFO, payload, meaning, alert=False)


_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

CATALOGUE: Mapping[Kind, Entry] = {
    Kind.DROP_CONFIRMED: Entry(_INFO, DropDecided, "a refill is queued for a confirmed drop"),
    Kind.DROP_HELD: Entry(_WARNING, DropDecided, "a refill is held for your approval"),
    Kind.DROP_REFUSED: Entry(_INFO, DropDecided, "a confirmed drop is not refilled"),
    Kind.DROP_WAITING: Entry(_INFO, DropDecided, "a confirmed drop waits"),
    Kind.TARGET_PRIVATE: Entry(_WARNING, TargetPrivate, "a target became private"),
    Kind.TARGET_GONE: Entry(_WARNING, TargetGone, "a target is gone"),
    Kind.TARGET_OTHER_ACCOUNT: Entry(
        _WARNING,
        TargetOtherAccount,
        "the name of a target belongs to an account now that is not judged",
    ),
    Kind.TARGET_REFUSED: Entry(_WARNING, TargetRefused, "a target cannot be read while others can"),
    Kind.TARGET_READY: Entry(_INFO, TargetReady, "a target is read again"),
    Kind.SOURCE_BLOCKED: Entry(_CRITICAL, SourceBlocked, "a source was refused and is paused or stopped"),
    Kind.SOURCE_READY: Entry(_INFO, ProblemEnded, "a source answers again"),
    Kind.REFILL_DEAD: Entry(_WARNING, RefillDead, "fulfilment gave up on a refill"),
    Kind.MASS_DROP_STARTED: Entry(_CRITICAL, MassDropStarted, "a mass drop begins"),
    Kind.MASS_DROP_GROWN: Entry(
        _CRITICAL, MassDropGrown, "twice as many refills are held for a mass drop as were last told"
    ),
    Kind.MASS_DROP_ENDED: Entry(_INFO, MassDropEnded, "a mass drop is over"),
    Kind.DAILY_CAP_REACHED: Entry(
        _WARNING,
        DailyCapReached,
        "a refill does not fit into the daily cap of the shop, a provider or a service; once per cap and day",
    ),
    Kind.BACKLOG_JUDGED: Entry(
        _WARNING, BacklogJudged, "the summary of a backlog: what was missing before the first looks"
    ),
    Kind.REVIEW_OPENED: Entry(_WARNING, ReviewOpened, "a refund review needs a decision"),
    Kind.LOOKS_STOPPED: Entry(
        _CRITICAL, LooksStopped, "nothing was read for `alerts.silent_after`, though looks were due"
    ),
    Kind.LOOKS_RESUMED: Entry(_INFO, ProblemEnded, "counts are read again"),
    Kind.ALERTS_UNDELIVERED: Entry(
        _CRITICAL, AlertsUndelivered, "an alert has waited for its delivery for `alerts.undelivered_after`"
    ),
    Kind.ALERTS_DELIVERED: Entry(_INFO, ProblemEnded, "no alert waits for its delivery any more"),
    Kind.DISK_LOW: Entry(_CRITICAL, DiskLow, "the disk of the SQLite file has less than 200 MiB left"),
    Kind.DISK_ENOUGH: Entry(_INFO, ProblemEnded, "that disk has 300 MiB left again"),
    Kind.QUEUE_STALLED: Entry(
        _CRITICAL, QueueStalled, "a refill has waited to be claimed for `alerts.queued_after`"
    ),
    Kind.QUEUE_MOVING: Entry(_INFO, ProblemEnded, "no refill waits that long any more"),
    Kind.IMPORTS_STOPPED: Entry(
        _WARNING, ImportsStopped, "no orders were imported for `alerts.no_import_after`"
    ),
    Kind.IMPORTS_RESUMED: Entry(_INFO, ProblemEnded, "orders are imported again"),
    Kind.LOOKS_OVERDUE: Entry(_CRITICAL, LooksOverdue, "a look is overdue by `alerts.overdue_after`"),
    Kind.LOOKS_ON_TIME: Entry(_INFO, ProblemEnded, "no look is overdue by half of that any more"),
    Kind.TARGETS_UNSEEN: Entry(
        _CRITICAL,
        TargetsUnseen,
        "more than `alerts.unseen_share` of the targets are overdue by `alerts.overdue_after`",
    ),
    Kind.TARGETS_SEEN: Entry(_INFO, ProblemEnded, "fewer than half as many are overdue by that"),
    Kind.BUDGET_EXHAUSTED: Entry(
        _WARNING,
        BudgetExhausted,
        "a source has used its requests of a day and waits an hour or longer, though looks are due",
    ),
    Kind.BUDGET_AVAILABLE: Entry(_INFO, ProblemEnded, "that source may send requests again"),
    Kind.CLOCK_WRONG: Entry(
        _CRITICAL, ClockWrong, "the clocks of a machine and of the PostgreSQL server are 5 minutes apart"
    ),
    Kind.CLOCK_RIGHT: Entry(_INFO, ProblemEnded, "those clocks agree again"),
    Kind.MIGRATIONS_PENDING: Entry(
        _WARNING, MigrationsPending, "a newer refilld is installed, whose migrations were not run yet"
    ),
    Kind.MIGRATIONS_DONE: Entry(_INFO, ProblemEnded, "no migration is pending any more"),
    Kind.CREDENTIALS_OLD: Entry(
        _WARNING,
        CredentialsOld,
        "the token or session file of a source was not renewed for `alerts.credentials_after`",
    ),
    Kind.CREDENTIALS_RENEWED: Entry(_INFO, ProblemEnded, "that file was renewed"),
    Kind.TOKEN_ENDING: Entry(
        _WARNING, TokenEnding, "a token of the HTTP interface ends within 14 days, or has ended"
    ),
    Kind.TOKEN_SETTLED: Entry(_INFO, ProblemEnded, "that token was rotated or revoked"),
    Kind.DIGEST_DUE: Entry(_INFO, DigestDue, "a receiver gets the report of a day or a week"),
    Kind.REFILL_REQUESTED: _change(RequestRecorded, "a customer asked for a refill"),
    Kind.REFILL_ASKED_FOR: _change(
        RefillAskedFor, "a customer asked for a refill that there is already; it is claimed before the rest"
    ),
    Kind.REFILL_HELD: _change(RefillMoved, "a refill is held, or held for another reason"),
    Kind.REFILL_QUEUED: _change(RefillMoved, "a refill entered the queue, at first or again"),
    Kind.REFILL_CLAIMED: _change(RefillMoved, "a consumer took a refill"),
    Kind.REFILL_COMPLETED: _change(RefillDelivered, "a refill was delivered"),
    Kind.REFILL_REJECTED: _change(RefillMoved, "a held refill was rejected, or its drop recovered"),
    Kind.REFILL_CANCELLED: _change(RefillMoved, "a refill was cancelled"),
    Kind.REVIEW_CLOSED: _change(ReviewClosed, "a refund review was closed"),
    Kind.ORDERS_IMPORTED: _change(OrdersImported, "orders were imported"),
    Kind.ORDER_UPDATED: _change(OrderUpdated, "an import, or new terms, changed an order"),
    Kind.ORDER_CORRECTED: _change(OrderCorrected, "the start count of an order was corrected"),
    Kind.ORDER_FLAGGED: _change(FlagChanged, "a flag was set on an order"),
    Kind.ORDER_UNFLAGGED: _change(FlagChanged, "a flag was lifted from an order"),
    Kind.ORDER_CHECK_REQUESTED: _change(CheckRequested, "an operator made a look at the order's target due"),
    Kind.SILENCE_ADDED: _change(SilenceChanged, "alerts that match are kept back for a time"),
    Kind.SILENCE_EXPIRED: _change(SilenceChanged, "a silence was ended before its time"),
    Kind.ALERT_ACKNOWLEDGED: _change(AlertAcknowledged, "a problem is not repeated any more"),
    Kind.CUSTOMER_FORGOTTEN: _change(CustomerForgotten, "what names a customer was removed from a target"),
    Kind.SOURCE_PAUSED: _change(SourceChanged, "an operator paused a source"),
    Kind.SOURCE_RESUMED: _change(SourceChanged, "an operator resumed a source"),
    Kind.QUEUE_PAUSED: _change(QueuePauseChanged, "an operator paused the queue, or a part of it"),
    Kind.QUEUE_RESUMED: _change(QueuePauseChanged, "an operator resumed the queue, or a part of it"),
    Kind.TOKEN_CREATED: _change(TokenChanged, "a token was created"),
    Kind.TOKEN_ROTATED: _change(TokenChanged, "a token got a new secret"),
    Kind.TOKEN_REVOKED: _change(TokenChanged, "a token was revoked"),
    Kind.DATABASE_REPLACED: _change(DatabaseReplaced, "the database was restored, copied or reopened"),
    Kind.WEBHOOK_DISABLED: Entry(
        _WARNING, WebhookDisabled, "a webhook endpoint answered 410, or accepted nothing for five days"
    ),
    Kind.WEBHOOK_TEST: _change(WebhookTest, "an operator tries a webhook endpoint; sent to it only"),
    Kind.WEBHOOK_ADDED: _change(WebhookChanged, "a webhook endpoint was added"),
    Kind.WEBHOOK_ROTATED: _change(WebhookChanged, "a webhook endpoint got a new secret"),
    Kind.WEBHOOK_ENABLED: _change(WebhookChanged, "a webhook endpoint was enabled again"),
    Kind.WEBHOOK_REMOVED: _change(WebhookChanged, "a webhook endpoint was removed"),
    Kind.USER_ADDED: _change(UserChanged, "a user was added"),
    Kind.USER_ROLE_CHANGED: _change(UserChanged, "a user got another role; their sessions end"),
    Kind.USER_PASSWORD_CHANGED: _change(UserChanged, "a password was changed; the user's sessions end"),
    Kind.USER_TOTP_ADDED: _change(UserChanged, "a user is asked for a code at each sign-in"),
    Kind.USER_TOTP_REMOVED: _change(UserChanged, "a user is asked for no code any more; their sessions end"),
    Kind.USER_DISABLED: _change(UserChanged, "a user may sign in no more; their sessions end"),
    Kind.USER_ENABLED: _change(UserChanged, "a disabled user may sign in again"),
    Kind.USER_SIGNED_IN: _change(UserChanged, "a user has signed in with a password"),
    Kind.USER_SESSIONS_ENDED: _change(UserChanged, "a user has ended their other sessions"),
    Kind.SIGN_IN_LIMITED: _change(
        SignInLimited, "so many attempts to sign in have failed that no more are accepted for 15 minutes"
    ),
    Kind.WEBHOOK_REPLAYED: _change(WebhookReplayed, "messages to a webhook endpoint are sent again"),
}

_TARGET_PROBLEMS = (Kind.TARGET_PRIVATE, Kind.TARGET_GONE, Kind.TARGET_OTHER_ACCOUNT, Kind.TARGET_REFUSED)
ENDED_BY: Mapping[Kind, Kind] = {
    **dict.fromkeys(_TARGET_PROBLEMS, Kind.TARGET_READY),
    Kind.SOURCE_BLOCKED: Kind.SOURCE_READY,
    Kind.MASS_DROP_STARTED: Kind.MASS_DROP_ENDED,
    **MONITORING_ENDED_BY,
}
"""The kinds of problems, each with the kind of its end."""
_ENDS = frozenset(ENDED_BY.values())


_CRITICAL_KINDS = frozenset(kind for kind, entry in CATALOGUE.items() if entry.severity is _CRITICAL)
PASSING_QUIET_HOURS = _CRITICAL_KINDS | {ENDED_BY[kind] for kind in _CRITICAL_KINDS if kind in ENDED_BY}
"""Kinds that a receiver is told of in its quiet hours: critical ones, and the ends of critical problems."""


def severity_of(kind: Kind) -> Severity:
    """The severity of a kind of event."""
    return CATALOGUE[kind].severity


def status_of(kind: Kind) -> Status:
    """Whether a kind of event begins or ends a problem."""
    if kind in _ENDS:
        return Status.RESOLVED
    return Status.FIRING if kind in ENDED_BY else Status.OCCURRED


def dedup_key(kind: Kind, problem: str) -> str:
    """What a problem and its end have in common, such as `source.ready/graph`."""
    return f"{ENDED_BY.get(kind, kind)}/{problem}"
