"""The alert pipeline: routed alerts, groups, problems, silences, messages and digests; deliveries by message."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REASONS = (
    "'new_alerts', 'some_resolved', 'all_resolved', 'repeat', 'digest', 'waiting', 'not_due', "
    "'undelivered', 'silenced', 'inhibited', 'acknowledged', 'quiet_hours', 'never_told', 'replaced', "
    "'already_told', 'resolved_not_sent', 'no_channel'"
)


def upgrade() -> None:
    op.drop_table("deliveries")  # of no release; alerts without a delivery are routed anew
    _routing()
    _messages()


def _routing() -> None:
    op.create_table(
        "routed_alerts",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=True),
        sa.Column("begun_by", KEY, nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_routed_alerts_known_reason")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name="fk_routed_alerts_event_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "receiver", name=op.f("pk_routed_alerts")),
    )
    op.create_index(
        "ix_routed_alerts_dedup_key",
        "routed_alerts",
        ["dedup_key"],
        sqlite_where=sa.text("group_key IS NOT NULL"),
        postgresql_where=sa.text("group_key IS NOT NULL"),
    )
    op.create_index(
        "ix_routed_alerts_group_key",
        "routed_alerts",
        ["receiver", "group_key"],
        sqlite_where=sa.text("group_key IS NOT NULL"),
        postgresql_where=sa.text("group_key IS NOT NULL"),
    )
    op.create_table(
        "alert_groups",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("tick_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("receiver", "group_key", name=op.f("pk_alert_groups")),
    )
    op.create_index(
        "ix_alert_groups_next_at",
        "alert_groups",
        ["next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "problems",
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name="fk_problems_event_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dedup_key", name=op.f("pk_problems")),
    )
    op.create_index("ix_problems_event_id", "problems", ["event_id"])
    op.create_index(
        "ix_problems_inhibiting",
        "problems",
        ["dedup_key"],
        sqlite_where=sa.text("kind IN ('mass_drop.started', 'source.blocked')"),
        postgresql_where=sa.text("kind IN ('mass_drop.started', 'source.blocked')"),
    )
    op.create_table(
        "silences",
        sa.Column("silence_id", KEY, nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("unmatched_seconds", sa.Integer(), nullable=True),
        sa.Column("matched_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("starts_at <= ends_at", name=op.f("ck_silences_ends_after_start")),
        sa.PrimaryKeyConstraint("silence_id", name=op.f("pk_silences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])


def _messages() -> None:
    op.create_table(
        "notifications",
        sa.Column("notification_id", KEY, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_notifications_known_reason")),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'failed', 'kept')", name=op.f("ck_notifications_known_state")
        ),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_notifications")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_notifications_pending",
        "notifications",
        ["notification_id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "notification_events",
        sa.Column("notification_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name="fk_notification_events_event_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.notification_id"],
            name="fk_notification_events_notification_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notification_id", "event_id", name=op.f("pk_notification_events")),
    )
    op.create_index("ix_notification_events_event_id", "notification_events", ["event_id"])
    op.create_table(
        "deliveries",
        sa.Column("notification_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (next_try_at IS NOT NULL)", name=op.f("ck_deliveries_pending_has_a_time")
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_deliveries_sent_has_a_time")
        ),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed')", name=op.f("ck_deliveries_known_state")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name="fk_deliveries_event_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.notification_id"],
            name="fk_deliveries_notification_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notification_id", "event_id", "channel", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_event_id", "deliveries", ["event_id"])
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["channel", "next_try_at", "notification_id", "event_id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "digests",
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_digests")),
    )
