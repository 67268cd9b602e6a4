"""The tables of the alert pipeline: what was routed where, groups, problems, silences, messages, digests."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from monitor.alerts.reasons import AlertReason
from monitor.events.kind import EventKind
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

IS_INHIBITING = "kind IN ('mass_drop.started', 'source.blocked')"
"""Whether a problem keeps others back (`monitor.alerts.inhibition`)."""


def _event(table: str) -> ForeignKey:
    return ForeignKey("events.event_id", name=f"fk_{table}_event_id", ondelete="CASCADE")


routed_alerts = Table(
    "routed_alerts",
    metadata,
    Column("event_id", _event("routed_alerts"), primary_key=True),
    Column("receiver", Text, primary_key=True),
    Column("dedup_key", Text, nullable=False),
    Column("group_key", Text),
    Column("begun_by", Key),
    Column("told_at", Instant),
    Column("reason", EnumText(AlertReason), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("decided_at", Instant, nullable=False),
    one_of("reason", AlertReason),
    partial("ix_routed_alerts_group_key", "receiver", "group_key", where="group_key IS NOT NULL"),
    partial("ix_routed_alerts_dedup_key", "dedup_key", where="group_key IS NOT NULL"),
)

alert_groups = Table(
    "alert_groups",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("group_key", Text, primary_key=True),
    Column("tick_at", Instant),
    Column("next_at", Instant),
    partial("ix_alert_groups_next_at", "next_at", where="next_at IS NOT NULL"),
)

problems = Table(
    "problems",
    metadata,
    Column("dedup_key", Text, primary_key=True),
    Column("event_id", _event("problems"), nullable=False),
    Column("kind", EnumText(EventKind), nullable=False),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
    partial("ix_problems_inhibiting", "dedup_key", where=IS_INHIBITING),
    Index("ix_problems_event_id", "event_id"),
)

silences = Table(
    "silences",
    metadata,
    Column("silence_id", Key, primary_key=True),
    Column("matchers", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("unmatched_seconds", Integer),
    Column("matched_at", Instant),
    CheckConstraint("starts_at <= ends_at", name="ends_after_start"),
    Index("ix_silences_ends_at", "ends_at"),
)

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", Key, primary_key=True),
    Column("receiver", Text, nullable=False),
    Column("group_key", Text, nullable=False),
    Column("reason", EnumText(AlertReason), nullable=False),
    Column("at", Instant, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("summary", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    one_of("reason", AlertReason),
    CheckConstraint("state IN ('pending', 'sent', 'failed', 'kept')", name="known_state"),
    partial("ix_notifications_pending", "notification_id", where="state = 'pending'"),
)

notification_events = Table(
    "notification_events",
    metadata,
    Column(
        "notification_id",
        ForeignKey(
            "notifications.notification_id",
            name="fk_notification_events_notification_id",
            ondelete="CASCADE",
        ),
        primary_key=True,
    ),
    Column("event_id", _event("notification_events"), primary_key=True),
    Column("is_shown", Boolean, nullable=False),
    Index("ix_notification_events_event_id", "event_id"),
)

digests = Table(
    "digests",
    metadata,
    Column("receiver", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
)
