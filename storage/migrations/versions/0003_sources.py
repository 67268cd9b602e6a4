"""Which source sees a target and when the learned cadence wants it; budgets, lessons and going rates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_METRICS = "metric IN ('followers', 'likes', 'views')"


# whose counts a series is made of: those of its newest one
_COUNTED_BY = """
UPDATE targets SET counted_by = COALESCE((
    SELECT snapshots.source FROM snapshots
    WHERE snapshots.target_id = targets.target_id AND snapshots.outcome = 'count'
    ORDER BY snapshots.at DESC LIMIT 1
), '')
WHERE last_count IS NOT NULL
"""


def upgrade() -> None:
    _targets()
    op.execute(_COUNTED_BY)
    op.add_column("snapshots", sa.Column("shift", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("source_state", sa.Column("used_percent", sa.Integer(), nullable=True))
    op.add_column("source_state", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("source_state", sa.Column("wait_until", sa.BigInteger(), nullable=True))
    op.add_column(
        "source_state", sa.Column("proving", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("source_requests", sa.Column("purpose", sa.Text(), server_default="look", nullable=False))
    op.add_column("source_requests", sa.Column("looks", sa.Integer(), server_default="0", nullable=False))
    _lessons()


def _targets() -> None:
    for column in (
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("together", sa.Text(), server_default="", nullable=False),
        sa.Column("unread_by", sa.Text(), server_default="", nullable=False),
        sa.Column("unread_since", sa.BigInteger(), nullable=True),
        sa.Column("counted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("shift", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("virtual_due", sa.Float(), nullable=True),
        sa.Column("stream", sa.Text(), server_default="", nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.Column("taken_until", sa.BigInteger(), nullable=True),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column("last_call_slot", sa.Integer(), nullable=True),
        sa.Column("last_call_value", sa.Float(), nullable=True),
        sa.Column("memo", sa.Text(), server_default="", nullable=False),
        sa.Column("calm_least", sa.BigInteger(), nullable=True),
        sa.Column("calm_until", sa.BigInteger(), nullable=True),
        sa.Column("judged_from", sa.BigInteger(), nullable=True),
        sa.Column("judged_until", sa.BigInteger(), nullable=True),
    ):
        op.add_column("targets", column)
    op.drop_index("ix_targets_due", table_name="targets")
    _index("due", "source", "lane", "next_due_at", where="next_due_at IS NOT NULL")
    _index("unrouted", "target_id", where="source IS NULL AND next_due_at IS NOT NULL")
    _index("virtual", "source", "stream", "virtual_due", where="virtual_due IS NOT NULL")
    _index("last_call", "source", "last_call_slot", "last_call_value", where="last_call_slot IS NOT NULL")
    _index("over", "over_at", where="virtual_due IS NOT NULL")
    _index("together", "source", "together", where="source IS NOT NULL")


def _index(name: str, *columns: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        f"ix_targets_{name}", "targets", list(columns), sqlite_where=condition, postgresql_where=condition
    )


def _lessons() -> None:
    op.create_table(
        "hazard_cells",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("age", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("margin", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("slope", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("span", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Float(), nullable=False),
        sa.Column("exposure", sa.Float(), nullable=False),
        sa.CheckConstraint("events >= 0 AND exposure >= 0", name=op.f("ck_hazard_cells_nothing_unlearned")),
        sa.PrimaryKeyConstraint("service", "age", "margin", "slope", "span", name=op.f("pk_hazard_cells")),
    )
    op.create_table(
        "cadence_clocks",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_cadence_clocks")),
    )
    op.create_table(
        "going_rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.CheckConstraint(_METRICS, name=op.f("ck_going_rates_known_metric")),
        sa.PrimaryKeyConstraint("currency", "metric", name=op.f("pk_going_rates")),
    )
