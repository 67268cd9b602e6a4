"""First tables."""

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (next_try_at IS NOT NULL)", name=op.f("ck_outbox_pending_has_a_time")
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_sent_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sent', 'kept', 'failed')", name=op.f("ck_outbox_known_state")
        ),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )

    op.create_table(
        "source_requests",
        sa.Column("request_id", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_source_requests")),
    )
    op.create_index("ix_source_requests_source_at", "source_requests", ["source", "at"], unique=False)

    op.create_table(
        "source_state",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("doubted", sa.Text(), nullable=False),
        sa.Column("faulted", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_state")),
    )
    op.create_table(
        "targets",
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("next_due_at", sa.BigInteger(), nullable=True),
        sa.Column("lane", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("last_look_at", sa.BigInteger(), nullable=True),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_count", sa.BigInteger(), nullable=True),
        sa.Column("last_count_at", sa.BigInteger(), nullable=True),
        sa.Column("counted", sa.Text(), server_default="", nullable=False),
        sa.Column("zero_seen", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("private_since", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('profile', 'post')", name=op.f("ck_targets_known_kind")),
        sa.CheckConstraint("metric IN ('followers', 'likes', 'views')", name=op.f("ck_targets_known_metric")),
        sa.PrimaryKeyConstraint("target_id", name=op.f("pk_targets")),
        sa.UniqueConstraint("link", "metric", name="uq_targets_link_metric"),
    )
    op.create_index(
        "ix_targets_due",
        "targets",
        ["lane", "next_due_at"],
        unique=False,
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )

    op.create_table(
        "tokens",
        sa.Column("token_id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("link_typed", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("remains", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("start_count", sa.BigInteger(), nullable=True),
        sa.Column("start_measured", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("price", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('Completed', 'Partial')) = (completed_at IS NOT NULL)",
            name=op.f("ck_orders_delivered_has_a_time"),
        ),
        sa.CheckConstraint(
            "status IN ('Pending', 'In progress', 'Processing', 'Completed', 'Partial', 'Canceled', 'Refunded', 'Fail')",
            name=op.f("ck_orders_known_status"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_orders_quantity_positive")),
        sa.CheckConstraint(
            "remains >= 0 AND remains <= quantity", name=op.f("ck_orders_remains_within_quantity")
        ),
        sa.CheckConstraint("start_count >= 0", name=op.f("ck_orders_start_count_not_negative")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.target_id"], name="fk_orders_target_id"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_target_id", "orders", ["target_id"], unique=False)

    op.create_table(
        "snapshots",
        sa.Column("target_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'count') = (count IS NOT NULL)", name=op.f("ck_snapshots_only_a_count_counts")
        ),
        sa.CheckConstraint(
            "outcome IN ('count', 'private', 'not_found', 'hidden', 'unavailable', 'login_required', 'blocked', 'rate_limited', 'transient', 'schema')",
            name=op.f("ck_snapshots_known_outcome"),
        ),
        sa.CheckConstraint("count >= 0", name=op.f("ck_snapshots_count_not_negative")),
        sa.ForeignKeyConstraint(["target_id"], ["targets.target_id"], name="fk_snapshots_target_id"),
        sa.PrimaryKeyConstraint("target_id", "at", name=op.f("pk_snapshots")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "drops",
        sa.Column("drop_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('suspected', 'waiting', 'refused', 'recovered', 'refilled', 'held', 'closed')",
            name=op.f("ck_drops_known_state"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_drops_order_id"),
        sa.PrimaryKeyConstraint("drop_id", name=op.f("pk_drops")),
    )
    op.create_index("ix_drops_order_id", "drops", ["order_id"], unique=False)
    op.create_index(
        "uq_drops_one_open_per_order",
        "drops",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('suspected', 'waiting', 'refused')"),
        postgresql_where=sa.text("state IN ('suspected', 'waiting', 'refused')"),
    )

    op.create_table(
        "order_flags",
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "flag IN ('hold', 'dispute', 'chargeback', 'abuse', 'guideline_violation')",
            name=op.f("ck_order_flags_known_flag"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_order_flags_order_id"),
        sa.PrimaryKeyConstraint("order_id", "flag", name=op.f("pk_order_flags")),
    )
    op.create_table(
        "requests",
        sa.Column("request_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_requests_order_id"),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_requests")),
    )
    op.create_index(
        "ix_requests_standing",
        "requests",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("answered_at IS NULL"),
        postgresql_where=sa.text("answered_at IS NULL"),
    )

    op.create_table(
        "decisions",
        sa.Column("decision_id", KEY, nullable=False),
        sa.Column("drop_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("claim", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(decision IN ('refill', 'hold')) = (quantity > 0)",
            name=op.f("ck_decisions_only_refills_have_units"),
        ),
        sa.CheckConstraint(
            "decision IN ('refill', 'hold', 'wait', 'refuse')", name=op.f("ck_decisions_known_decision")
        ),
        sa.ForeignKeyConstraint(["drop_id"], ["drops.drop_id"], name="fk_decisions_drop_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_decisions_order_id"),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_order_id", "decisions", ["order_id", "at"], unique=False)

    op.create_table(
        "refills",
        sa.Column("refill_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("drop_id", KEY, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_token", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("consumer", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_token", sa.Text(), nullable=True),
        sa.Column("done_verb", sa.Text(), nullable=True),
        sa.Column("done_state", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'claimed') = (lease_token IS NOT NULL AND leased_until IS NOT NULL)",
            name=op.f("ck_refills_claimed_has_a_lease"),
        ),
        sa.CheckConstraint(
            "(state = 'completed') = (completed_at IS NOT NULL)", name=op.f("ck_refills_completed_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'claimed', 'completed', 'dead', 'rejected', 'cancelled')",
            name=op.f("ck_refills_known_state"),
        ),
        sa.CheckConstraint("delivered >= 0", name=op.f("ck_refills_delivered_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_refills_quantity_positive")),
        sa.ForeignKeyConstraint(["drop_id"], ["drops.drop_id"], name="fk_refills_drop_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_refills_order_id"),
        sa.PrimaryKeyConstraint("refill_id", name=op.f("pk_refills")),
        sa.UniqueConstraint("order_id", "number", name="uq_refills_order_id_number"),
    )
    op.create_index(
        "ix_refills_leases",
        "refills",
        ["leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'claimed'"),
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(
        "ix_refills_queued",
        "refills",
        ["available_at", "refill_id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "uq_refills_one_open_per_order",
        "refills",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'queued', 'claimed')"),
        postgresql_where=sa.text("state IN ('held', 'queued', 'claimed')"),
    )

    op.create_table(
        "refill_events",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("refill_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'queued', 'claimed', 'completed', 'dead', 'rejected', 'cancelled')",
            name=op.f("ck_refill_events_known_state"),
        ),
        sa.ForeignKeyConstraint(["refill_id"], ["refills.refill_id"], name="fk_refill_events_refill_id"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_refill_events")),
    )
    op.create_index("ix_refill_events_refill_id", "refill_events", ["refill_id"], unique=False)
