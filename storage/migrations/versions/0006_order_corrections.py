"""Corrections of orders by an operator."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "order_corrections",
        sa.Column("correction_id", KEY, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=True),
        sa.Column("after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_order_corrections_order_id"),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_order_corrections")),
    )
    op.add_column(
        "orders", sa.Column("start_corrected", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index("ix_order_corrections_order_id", "order_corrections", ["order_id", "at"])
