"""Indexes of the lists and of the search, the time by which orders are listed, and actions on many rows."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PREFIXES = "text_pattern_ops"
OPEN_DROP = "state IN ('suspected', 'waiting', 'refused')"
ENDED_DROP = "state NOT IN ('suspected', 'waiting', 'refused')"
UNFINISHED = "state NOT IN ('completed', 'rejected', 'cancelled')"
VERBS = (
    "'approve', 'reject', 'requeue', 'cancel', 'release', 'discard', 'close', 'flag', 'unflag', 'check', "
    "'acknowledge'"
)


def upgrade() -> None:
    op.add_column("orders", sa.Column("listed_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE orders SET listed_at = completed_at WHERE completed_at IS NOT NULL")
    _order_indexes()
    _indexes_of_what_follows()
    _bulk_actions()
    _bulk_items()


def _partial(name: str, table: str, columns: list[str], where: str, prefixes_of: str | None = None) -> None:
    ops = {} if prefixes_of is None else {prefixes_of: PREFIXES}
    op.create_index(
        name,
        table,
        columns,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
        postgresql_ops=ops,
    )


def _order_indexes() -> None:
    op.create_index("ix_targets_key", "targets", ["key"], postgresql_ops={"key": PREFIXES})
    _partial(
        "ix_targets_username_now", "targets", ["username_now"], "username_now IS NOT NULL", "username_now"
    )
    op.create_index("ix_orders_listed_at", "orders", ["listed_at", "order_id"])
    _partial("ix_orders_status", "orders", ["status", "listed_at", "order_id"], "status <> 'Completed'")
    op.create_index("ix_orders_service", "orders", ["service", "listed_at", "order_id"])
    _partial("ix_orders_provider", "orders", ["provider", "listed_at", "order_id"], "provider IS NOT NULL")
    _partial(
        "ix_orders_customer",
        "orders",
        ["customer", "listed_at", "order_id"],
        "customer IS NOT NULL",
        "customer",
    )
    op.create_index("ix_order_flags_flag", "order_flags", ["flag", "order_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_orders_order_id_prefix", "orders", ["order_id"], postgresql_ops={"order_id": PREFIXES}
        )


def _indexes_of_what_follows() -> None:
    op.create_index("ix_drops_opened_at", "drops", ["opened_at", "drop_id"])
    _partial("ix_drops_ended", "drops", ["state", "opened_at", "drop_id"], ENDED_DROP)
    _partial("ix_drops_open", "drops", ["opened_at", "drop_id"], OPEN_DROP)
    op.create_index("ix_decisions_at", "decisions", ["at", "decision_id"])
    op.create_index("ix_refills_created_at", "refills", ["created_at", "refill_id"])
    _partial("ix_refills_unfinished", "refills", ["state", "created_at", "refill_id"], UNFINISHED)
    _partial("ix_refills_external_id", "refills", ["external_id"], "external_id IS NOT NULL", "external_id")
    op.create_index("ix_reviews_opened_at", "reviews", ["opened_at", "review_id"])
    _partial("ix_reviews_open", "reviews", ["opened_at", "review_id"], "closed_at IS NULL")
    op.create_index("ix_events_at", "events", ["at", "event_id"])
    _partial("ix_events_alerts", "events", ["at", "event_id"], "alert <> 'none'")


def _bulk_actions() -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("bulk_action_id", KEY, nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("more", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previewed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(f"verb IN ({VERBS})", name=op.f("ck_bulk_actions_known_verb")),
        sa.CheckConstraint(
            "state IN ('previewed', 'running', 'finished', 'stopped')",
            name=op.f("ck_bulk_actions_known_state"),
        ),
        sa.PrimaryKeyConstraint("bulk_action_id", name=op.f("pk_bulk_actions")),
        sqlite_autoincrement=True,
    )
    _partial("ix_bulk_actions_running", "bulk_actions", ["bulk_action_id"], "state = 'running'")
    _partial("ix_bulk_actions_previewed", "bulk_actions", ["expires_at"], "state = 'previewed'")


def _bulk_items() -> None:
    op.create_table(
        "bulk_items",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("bulk_action_id", KEY, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("outcome_detail", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("result IN ('done', 'refused')", name=op.f("ck_bulk_items_known_result")),
        sa.ForeignKeyConstraint(
            ["bulk_action_id"],
            ["bulk_actions.bulk_action_id"],
            name="fk_bulk_items_bulk_action_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_bulk_items")),
        sa.UniqueConstraint("bulk_action_id", "subject", name="uq_bulk_items_bulk_action_id_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bulk_items_result", "bulk_items", ["bulk_action_id", "result", "item_id"])
