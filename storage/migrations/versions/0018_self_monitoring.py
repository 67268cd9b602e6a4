"""Conditions of the self-check by what has them, and the time of the last import."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    held = op.get_bind().execute(sa.text("SELECT kind, since, checked_at FROM self_checks")).all()
    op.drop_table("self_checks")
    checks = op.create_table(
        "self_checks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "problem", name=op.f("pk_self_checks")),
    )
    op.bulk_insert(checks, [row._asdict() | {"problem": "refilld"} for row in held])
    op.create_table(
        "imports",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_imports")),
    )
    op.execute(
        "INSERT INTO imports (what, last_at) "
        "SELECT 'orders', max(updated_at) FROM orders HAVING max(updated_at) IS NOT NULL"
    )
