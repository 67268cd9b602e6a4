"""Mass drops, gone and renamed targets, refund reviews, where terms come from."""

import sqlalchemy as sa
from alembic import op

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# an order that was seen since its delivery has had its first look; a later drop is no short delivery
_LOOKED_AT_BEFORE = """
UPDATE orders SET settled_look_at = (
    SELECT targets.last_count_at FROM targets
    WHERE targets.target_id = orders.target_id AND targets.last_count_at >= orders.completed_at
)
"""


def upgrade() -> None:
    _targets()
    op.add_column("orders", sa.Column("terms_from", sa.Text(), server_default="row", nullable=False))
    op.add_column("orders", sa.Column("settled_look_at", sa.BigInteger(), nullable=True))
    op.execute(_LOOKED_AT_BEFORE)
    op.add_column("requests", sa.Column("granted", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("refills", sa.Column("release_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_refills_held",
        "refills",
        ["metric", "refill_id"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index("ix_requests_order_id", "requests", ["order_id", "at"], unique=False)
    _mass_drops()
    _reviews()
    op.create_table(
        "source_reads",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("last_count_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "metric IN ('followers', 'likes', 'views')", name=op.f("ck_source_reads_known_metric")
        ),
        sa.PrimaryKeyConstraint("source", "metric", name=op.f("pk_source_reads")),
    )


def _targets() -> None:
    op.add_column("targets", sa.Column("account", sa.Text(), nullable=True))
    op.add_column("targets", sa.Column("username_now", sa.Text(), nullable=True))
    op.add_column("targets", sa.Column("absences", sa.Integer(), server_default="0", nullable=False))
    op.add_column("targets", sa.Column("absent_since", sa.BigInteger(), nullable=True))
    op.add_column("targets", sa.Column("gone_at", sa.BigInteger(), nullable=True))
    op.add_column("targets", sa.Column("told", sa.Text(), nullable=True))
    op.add_column("targets", sa.Column("judged_at", sa.BigInteger(), nullable=True))
    op.add_column("targets", sa.Column("drop_opened_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_targets_judged",
        "targets",
        ["metric", "judged_at", "drop_opened_at"],
        unique=False,
        sqlite_where=sa.text("judged_at IS NOT NULL"),
        postgresql_where=sa.text("judged_at IS NOT NULL"),
    )


def _mass_drops() -> None:
    op.create_table(
        "mass_drops",
        sa.Column("mass_drop_id", KEY, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("fallen", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "metric IN ('followers', 'likes', 'views')", name=op.f("ck_mass_drops_known_metric")
        ),
        sa.PrimaryKeyConstraint("mass_drop_id", name=op.f("pk_mass_drops")),
    )
    op.create_index(
        "uq_mass_drops_one_at_a_time",
        "mass_drops",
        ["metric"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("review_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("refill_id", KEY, nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "cause IN ('short_delivery', 'refill_given_up')", name=op.f("ck_reviews_known_cause")
        ),
        sa.CheckConstraint("units > 0", name=op.f("ck_reviews_units_positive")),
        sa.CheckConstraint(
            "(cause = 'refill_given_up') = (refill_id IS NOT NULL)", name=op.f("ck_reviews_names_its_refill")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_reviews_order_id"),
        sa.ForeignKeyConstraint(["refill_id"], ["refills.refill_id"], name="fk_reviews_refill_id"),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_order_id", "reviews", ["order_id"], unique=False)
    op.create_index(
        "uq_reviews_one_short_delivery",
        "reviews",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("cause = 'short_delivery'"),
        postgresql_where=sa.text("cause = 'short_delivery'"),
    )
    op.create_index(
        "uq_reviews_one_open_per_order",
        "reviews",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
