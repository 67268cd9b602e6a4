"""Tokens: expiry, rotation, limits and use."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("rotated_at", sa.BigInteger()),
        sa.Column("old_digest", sa.Text()),
        sa.Column("old_expires_at", sa.BigInteger()),
    ):
        op.add_column("tokens", column)
    op.create_index("ix_tokens_old_digest", "tokens", ["old_digest"])
    op.create_table(
        "token_uses",
        sa.Column("token_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("minute_at", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_token_uses")),
    )
