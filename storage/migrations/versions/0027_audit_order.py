"""The index of the audit trail in the order of its list."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

NOT_BY_A_JOB = sa.text("substr(actor, 1, 4) <> 'job '")


def upgrade() -> None:
    op.drop_index("ix_events_not_by_a_job", table_name="events")
    op.create_index(
        "ix_events_not_by_a_job",
        "events",
        ["at", "event_id"],
        sqlite_where=NOT_BY_A_JOB,
        postgresql_where=NOT_BY_A_JOB,
    )
