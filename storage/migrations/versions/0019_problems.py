"""An index of the beginnings and ends of problems."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0014"
branch_labels = None
depends_on = None

PROBLEMS = sa.text("status <> 'occurred'")


def upgrade() -> None:
    op.create_index(
        "ix_events_problems",
        "events",
        ["dedup_key", "event_id"],
        sqlite_where=PROBLEMS,
        postgresql_where=PROBLEMS,
    )
