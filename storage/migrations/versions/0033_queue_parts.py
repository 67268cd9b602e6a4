"""Claims by part of the queue: what they select by is in the rows of refills; pauses of parts."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

CLAIMABLE = sa.text("state = 'queued' AND NOT hidden")
FILL = """
UPDATE refills SET
    claim_service = (SELECT service FROM orders WHERE orders.order_id = refills.order_id),
    claim_provider = (SELECT coalesce(provider, '') FROM orders WHERE orders.order_id = refills.order_id),
    claim_rank = CASE WHEN EXISTS (
        SELECT 1 FROM requests WHERE requests.order_id = refills.order_id
        AND (requests.answered_at IS NULL OR requests.answered_at >= refills.created_at)
    ) THEN 0 ELSE 1 END,
    hidden = EXISTS (
        SELECT 1 FROM orders JOIN targets ON targets.target_id = orders.target_id
        WHERE orders.order_id = refills.order_id
        AND (targets.private_since IS NOT NULL OR targets.gone_at IS NOT NULL)
    )
WHERE state IN ('held', 'queued', 'claimed', 'dead')
"""


def upgrade() -> None:
    for column in (
        sa.Column("claim_service", sa.Text(), server_default="", nullable=False),
        sa.Column("claim_provider", sa.Text(), server_default="", nullable=False),
        sa.Column("claim_rank", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("refills", column)
    op.execute(FILL)
    op.drop_index("ix_refills_queued", table_name="refills")
    _index("ix_refills_queued", "claim_rank", "available_at", "refill_id")
    part = ("metric", "claim_service", "claim_provider")
    _index("ix_refills_queued_part", *part, "claim_rank", "available_at", "refill_id")
    op.create_table(
        "queue_pauses",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "part IN ('queue', 'metric', 'provider', 'service')", name=op.f("ck_queue_pauses_known_part")
        ),
        sa.CheckConstraint("(part = 'queue') = (value = '')", name=op.f("ck_queue_pauses_part_has_a_value")),
        sa.PrimaryKeyConstraint("part", "value", name=op.f("pk_queue_pauses")),
    )


def _index(name: str, *columns: str) -> None:
    op.create_index(name, "refills", columns, sqlite_where=CLAIMABLE, postgresql_where=CLAIMABLE)
