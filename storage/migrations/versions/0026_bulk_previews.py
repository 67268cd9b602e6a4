"""What a preview of a bulk action showed, and the list that it was chosen from."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bulk_actions", sa.Column("preview", sa.Text(), nullable=False, server_default=""))
    op.add_column("bulk_actions", sa.Column("list_path", sa.Text(), nullable=False, server_default=""))
