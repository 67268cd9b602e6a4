"""Which daemon carries out the jobs that one daemon does for all others."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_holders",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("daemon_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_holders")),
    )
