"""The tables of alerts: the outbox, the channels, their deliveries, and the conditions of the self-check."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, Text

from monitor.alerts.alert import AlertKind
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, partial

outbox = Table(
    "outbox",
    metadata,
    Column("alert_id", Key, primary_key=True),
    Column("kind", EnumText(AlertKind), nullable=False),
    Column("text", Text, nullable=False),
    Column("order_id", Text),
    Column("link", Text),
    Column("created_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("sent_at", Instant),
    Column("last_error", Text),
    CheckConstraint("state IN ('pending', 'sent', 'kept', 'failed')", name="known_state"),
    CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="pending_has_a_time"),
    CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_a_time"),
    partial("ix_outbox_pending", "next_try_at", where="state = 'pending'"),
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
        "alert_id",
        ForeignKey("outbox.alert_id", name="fk_deliveries_alert_id", ondelete="CASCADE"),
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
    partial("ix_deliveries_pending", "channel", "next_try_at", "alert_id", where="state = 'pending'"),
)

self_checks = Table(
    "self_checks",
    metadata,
    Column("kind", EnumText(AlertKind), primary_key=True),
    Column("since", Instant),
    Column("checked_at", Instant, nullable=False),
)
