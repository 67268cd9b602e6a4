"""An index of the changes that no job made, and the mode of the guarantee of each daemon."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NOT_BY_A_JOB = sa.text("substr(actor, 1, 4) <> 'job '")


def upgrade() -> None:
    op.create_index(
        "ix_events_not_by_a_job",
        "events",
        ["event_id"],
        sqlite_where=NOT_BY_A_JOB,
        postgresql_where=NOT_BY_A_JOB,
    )
    op.add_column("daemons", sa.Column("guarantee_mode", sa.Text(), nullable=True))
