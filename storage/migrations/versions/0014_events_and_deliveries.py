"""Events instead of the outbox, deliveries by channel, conditions of the self-check, sources blocked since."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

CRITICAL = "'source.blocked', 'mass_drop.started', 'mass_drop.grown'"
WARNING = (
    "'drop.held', 'target.private', 'target.gone', 'target.other_account', 'target.refused', 'refill.dead', "
    "'review.opened', 'daily_cap.reached', 'backlog.judged'"
)
RESOLVED = "'target.ready', 'source.ready', 'mass_drop.ended'"
FIRING = (
    "'target.private', 'target.gone', 'target.other_account', 'target.refused', 'source.blocked', "
    "'mass_drop.started'"
)
COPY = f"""
    INSERT INTO events (at, kind, version, severity, status, dedup_key, order_id, link, payload, alert, actor)
    SELECT created_at, kind, 0,
        CASE WHEN kind IN ({CRITICAL}) THEN 'critical' WHEN kind IN ({WARNING}) THEN 'warning' ELSE 'info' END,
        CASE WHEN kind IN ({RESOLVED}) THEN 'resolved' WHEN kind IN ({FIRING}) THEN 'firing' ELSE 'occurred' END,
        kind || '/' || alert_id, order_id, link, %s, state, ''
    FROM outbox ORDER BY alert_id
"""  # noqa: S608

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("source_state", sa.Column("blocked_since", sa.BigInteger(), nullable=True))
    _events()
    op.create_table(
        "alert_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_alert_channels")),
    )
    op.create_table(
        "deliveries",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'sent', 'failed')", name=op.f("ck_deliveries_known_state")),
        sa.CheckConstraint(
            "(state = 'pending') = (next_try_at IS NOT NULL)", name=op.f("ck_deliveries_pending_has_a_time")
        ),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_deliveries_sent_has_a_time")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name="fk_deliveries_event_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("event_id", "channel", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_pending",
        "deliveries",
        ["channel", "next_try_at", "event_id"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "self_checks",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_self_checks")),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("refill_id", KEY, nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("metric", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('info', 'warning', 'critical')", name=op.f("ck_events_known_severity")
        ),
        sa.CheckConstraint(
            "status IN ('firing', 'resolved', 'occurred')", name=op.f("ck_events_known_status")
        ),
        sa.CheckConstraint(
            "alert IN ('none', 'pending', 'sent', 'kept', 'failed')", name=op.f("ck_events_known_alert")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    _index("ix_events_pending", ["event_id"], "alert = 'pending'")
    _index("ix_events_order_id", ["order_id", "event_id"], "order_id IS NOT NULL")
    text = "json_object('text', text)"
    if op.get_bind().dialect.name == "postgresql":
        text = "'{\"text\":' || CAST(to_json(text) AS text) || '}'"
    op.execute(COPY % text)
    op.drop_table("outbox")


def _index(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "events", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
