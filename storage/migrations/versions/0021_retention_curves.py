"""Retention curves with their bands, and what the guarantee cost by month."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
METRIC = "metric IN ('followers', 'likes', 'views')"


def upgrade() -> None:
    op.create_table(
        "survival_runs",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("completed_since", sa.BigInteger(), nullable=False),
        sa.Column("cell_hours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_survival_runs")),
        sqlite_autoincrement=True,
    )
    _curves()
    _costs()


def _curves() -> None:
    op.create_table(
        "survival_curves",
        sa.Column("curve_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(METRIC, name=op.f("ck_survival_curves_known_metric")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["survival_runs.run_id"], name="fk_survival_curves_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("curve_id", name=op.f("pk_survival_curves")),
        sa.UniqueConstraint(
            "run_id",
            "metric",
            "service",
            "provider",
            name="uq_survival_curves_run_id_metric_service_provider",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "survival_points",
        sa.Column("curve_id", KEY, nullable=False),
        sa.Column("point", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["curve_id"], ["survival_curves.curve_id"], name="fk_survival_points_curve_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("curve_id", "point", name=op.f("pk_survival_points")),
        sqlite_with_rowid=False,
    )


def _costs() -> None:
    op.create_table(
        "guarantee_costs",
        sa.Column("cost_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("month", sa.BigInteger(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("refills", sa.Integer(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Text(), nullable=True),
        sa.CheckConstraint(METRIC, name=op.f("ck_guarantee_costs_known_metric")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["survival_runs.run_id"], name="fk_guarantee_costs_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("cost_id", name=op.f("pk_guarantee_costs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_guarantee_costs_run_id", "guarantee_costs", ["run_id"])
