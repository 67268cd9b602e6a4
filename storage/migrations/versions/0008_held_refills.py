"""When a refill was first queued, for the daily caps; and which caps an alert has told of (docs/rules.md, section 8)."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FIRST_QUEUED = """
UPDATE refills SET first_queued_at = (
    SELECT min(at) FROM refill_events
    WHERE refill_events.refill_id = refills.refill_id AND refill_events.state = 'queued'
)
"""


def upgrade() -> None:
    op.add_column("refills", sa.Column("first_queued_at", sa.BigInteger))
    op.execute(_FIRST_QUEUED)
    op.create_index(
        "ix_refills_first_queued",
        "refills",
        ["first_queued_at"],
        sqlite_where=sa.text("first_queued_at IS NOT NULL"),
        postgresql_where=sa.text("first_queued_at IS NOT NULL"),
    )
    op.create_table(
        "daily_cap_alerts",
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", "scope_kind", "scope_name", name=op.f("pk_daily_cap_alerts")),
    )
