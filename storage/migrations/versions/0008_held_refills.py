"""Daily caps and backlogs (docs/rules.md, sections 8 and 10).

When a refill was first queued, which caps an alert has told of, and the orders that were imported as a backlog.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_FIRST_QUEUED = """
UPDATE refills SET first_queued_at = coalesce(
    (
        SELECT min(at) FROM refill_events
        WHERE refill_events.refill_id = refills.refill_id AND refill_events.state = 'queued'
    ),
    queued_at
)
"""


def upgrade() -> None:
    op.add_column("refills", sa.Column("first_queued_at", sa.BigInteger))
    op.execute(_FIRST_QUEUED)
    _partial_index("ix_refills_first_queued", "refills", "first_queued_at", "first_queued_at IS NOT NULL")
    _backlogs()
    op.create_table(
        "daily_cap_alerts",
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "scope_kind", "scope_name", name=op.f("pk_daily_cap_alerts")),
    )


def _backlogs() -> None:
    op.create_table(
        "backlogs",
        sa.Column("backlog_id", KEY, nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("told_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("backlog_id", name=op.f("pk_backlogs")),
    )
    op.add_column("orders", sa.Column("backlog", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("orders", sa.Column("backlog_id", sa.BigInteger()))
    _partial_index("ix_orders_backlog_id", "orders", "backlog_id", "backlog_id IS NOT NULL")


def _partial_index(name: str, table: str, column: str, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)
