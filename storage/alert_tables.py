"""The tables of events and alerts: events, channels, deliveries, and the conditions of the self-check."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, false

from monitor.events.kind import EventKind
from monitor.events.severity import Severity, Status
from monitor.model.target import Metric
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

NOT_BY_A_JOB = "substr(events.actor, 1, 4) <> 'job '"
"""Whether a person or a program caused an event (`storage.actor`)."""

events = Table(
    "events",
    metadata,
    Column("event_id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", EnumText(EventKind), nullable=False),
    Column("version", Integer, nullable=False),
    Column("severity", EnumText(Severity), nullable=False),
    Column("status", EnumText(Status), nullable=False),
    Column("dedup_key", Text, nullable=False),
    Column("order_id", Text),
    Column("refill_id", Key),
    Column("link", Text),
    Column("metric", EnumText(Metric)),
    Column("source", Text),
    Column("service", Text),
    Column("provider", Text),
    Column("payload", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("request_id", Text),
    Column("alert", Text, nullable=False),
    Column("dispatched", Boolean, nullable=False, server_default=false()),
    Column("routed_at", Instant),
    one_of("severity", Severity),
    one_of("status", Status),
    CheckConstraint(
        "alert IN ('none', 'pending', 'sent', 'kept', 'failed', 'suppressed')", name="known_alert"
    ),
    partial("ix_events_unrouted", "event_id", where="alert = 'pending' AND routed_at IS NULL"),
    partial("ix_events_undispatched", "event_id", where="NOT dispatched"),
    partial("ix_events_not_by_a_job", "at", "event_id", where=NOT_BY_A_JOB.replace("events.", "")),
    partial("ix_events_order_id", "order_id", "event_id", where="order_id IS NOT NULL"),
    Index("ix_events_at", "at", "event_id"),
    partial("ix_events_alerts", "at", "event_id", where="alert <> 'none'"),
)

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("next_try_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column(
        "notification_id",
        ForeignKey("notifications.notification_id", name="fk_deliveries_notification_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "event_id",
        ForeignKey("events.event_id", name="fk_deliveries_event_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("channel", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("sent_at", Instant),
    Column("last_error", Text),
    CheckConstraint("state IN ('pending', 'sent', 'failed')", name="known_state"),
    CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="pending_has_a_time"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_a_time"),
    Index("ix_deliveries_event_id", "event_id"),
    partial(
        "ix_deliveries_pending",
        *("channel", "next_try_at", "notification_id", "event_id"),
        where="state = 'pending'",
    ),
)

self_checks = Table(
    "self_checks",
    metadata,
    Column("kind", EnumText(EventKind), primary_key=True),
    Column("problem", Text, primary_key=True),
    Column("since", Instant),
    Column("checked_at", Instant, nullable=False),
)
