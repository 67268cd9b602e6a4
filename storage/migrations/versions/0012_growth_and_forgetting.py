"""Mass drops that are told again when they grow, and orders whose customer was forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mass_drops", sa.Column("told", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE mass_drops SET told = fallen")
    op.add_column("orders", sa.Column("forgotten_at", sa.BigInteger(), nullable=True))
