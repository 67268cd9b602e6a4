"""The account of a target in a source's own id space, and the message of the refusal that paused a source."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("targets", sa.Column("source_account", sa.Text(), nullable=True))
    op.add_column("source_state", sa.Column("detail", sa.Text(), server_default="", nullable=False))
