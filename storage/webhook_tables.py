"""The tables of webhooks: endpoints with their secrets, deliveries, and each attempt to deliver."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from monitor.events.webhooks import DisabledReason
from storage.column_types import EnumText, Instant
from storage.metadata import Key, metadata, one_of, partial

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("endpoint_id", Key, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("providers", Text, nullable=False),
    Column("metrics", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("failing_since", Instant),
    Column("paused_until", Instant),
    Column("disabled_at", Instant),
    Column("disabled_reason", EnumText(DisabledReason)),
    one_of("disabled_reason", DisabledReason),
    CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_has_a_reason"),
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("secret_id", Key, primary_key=True),
    Column(
        "endpoint_id",
        ForeignKey(
            "webhook_endpoints.endpoint_id", name="fk_webhook_secrets_endpoint_id", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column("secret", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retires_at", Instant),
    Index("ix_webhook_secrets_endpoint_id", "endpoint_id"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", Key, primary_key=True),
    Column(
        "endpoint_id",
        ForeignKey(
            "webhook_endpoints.endpoint_id", name="fk_webhook_deliveries_endpoint_id", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column(
        "event_id",
        ForeignKey("events.event_id", name="fk_webhook_deliveries_event_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_try_at", Instant),
    Column("finished_at", Instant),
    CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="known_state"),
    CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="pending_has_a_time"),
    CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name="finished_has_a_time"),
    UniqueConstraint("event_id", "endpoint_id", name="uq_webhook_deliveries_event_id_endpoint_id"),
    Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "delivery_id"),
    partial(
        "ix_webhook_deliveries_pending",
        "endpoint_id",
        "next_try_at",
        "delivery_id",
        where="state = 'pending'",
    ),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("attempt_id", Key, primary_key=True),
    Column(
        "delivery_id",
        ForeignKey(
            "webhook_deliveries.delivery_id", name="fk_webhook_attempts_delivery_id", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("error", Text, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("response", Text, nullable=False),
    Index("ix_webhook_attempts_delivery_id", "delivery_id", "attempt_id"),
)
