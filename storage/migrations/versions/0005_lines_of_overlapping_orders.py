"""When an order was placed, and what its first counts say about its line (docs/rules.md, section 3).

The first count of a delivered order of an earlier release is not known; the last count of its target stands for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COUNTED = """
UPDATE orders SET counted_at = (
    SELECT last_count_at FROM targets
    WHERE targets.target_id = orders.target_id AND targets.last_count_at >= orders.completed_at
)
"""
_MEASURED = "UPDATE orders SET base_at = counted_at WHERE start_measured"


def upgrade() -> None:
    op.add_column("orders", sa.Column("created_at", sa.BigInteger))
    op.add_column("orders", sa.Column("base_lowered", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("base_at", sa.BigInteger))
    op.add_column("orders", sa.Column("counted_at", sa.BigInteger))
    op.execute(_COUNTED)
    op.execute(_MEASURED)
