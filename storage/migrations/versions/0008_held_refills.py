"""Daily caps and backlogs (docs/rules.md, sections 8 and 10).

What was queued on each day, which caps an alert has told of, and the orders that were imported as a backlog.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_QUEUED = """
INSERT INTO queued_units (refill_id, at, service, provider, price, currency, ordered, units)
SELECT refill_id, first_at, orders.service, orders.provider, orders.price, orders.currency, orders.quantity,
    queued.quantity
FROM (
    SELECT refills.refill_id, refills.order_id, refills.quantity, coalesce(
        (
            SELECT min(at) FROM refill_events
            WHERE refill_events.refill_id = refills.refill_id AND refill_events.state = 'queued'
        ),
        queued_at
    ) AS first_at
    FROM refills
) AS queued
JOIN orders ON orders.order_id = queued.order_id
WHERE first_at IS NOT NULL
"""


def upgrade() -> None:
    _queued_units()
    _backlogs()
    op.create_table(
        "daily_cap_alerts",
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "scope_kind", "scope_name", name=op.f("pk_daily_cap_alerts")),
    )


def _queued_units() -> None:
    op.create_table(
        "queued_units",
        sa.Column("refill_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text()),
        sa.Column("price", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("ordered", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("refill_id", name=op.f("pk_queued_units")),
        sa.ForeignKeyConstraint(["refill_id"], ["refills.refill_id"], name="fk_queued_units_refill_id"),
    )
    op.create_index("ix_queued_units_at", "queued_units", ["at"])
    op.execute(_QUEUED)


def _backlogs() -> None:
    op.add_column("drops", sa.Column("backlog", sa.Boolean(), nullable=False, server_default=sa.false()))
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
