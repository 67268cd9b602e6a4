"""Retention of data: the days by which age is measured, and how far deletion has come."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operating_days",
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_operating_days")),
    )
    op.create_table(
        "retention_progress",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last_key", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("thinned_until", sa.BigInteger(), nullable=True),
        sa.Column("thinning_until", sa.BigInteger(), nullable=True),
        sa.Column("thinning_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_retention_progress")),
    )
    # the days before this version, as far as looks show that it ran
    op.execute("INSERT INTO operating_days SELECT DISTINCT at / 86400000000 * 86400000000 FROM snapshots")
