"""Name columns, indexes and tables by the standard terms of docs/glossary.md; no row changes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_METRICS = "metric IN ('followers', 'likes', 'views')"
_COLUMNS = {
    "targets": {
        "lane": "priority",
        "why": "due_reason",
        "counted": "count_kind",
        "told": "notified_problem",
        "together": "request_key",
        "unread_by": "unseen_by",
        "unread_since": "unseen_since",
        "counted_by": "series_source",
        "shift": "count_offset",
        "stream": "service_queue",
        "rests_until": "not_before",
        "taken_until": "claimed_until",
        "over_at": "coverage_ends_at",
        "last_call_slot": "final_look_slot",
        "last_call_value": "final_look_value",
        "memo": "cadence_state",
        "calm_least": "noop_min_count",
        "calm_until": "noop_until",
    },
    "snapshots": {"counted": "count_kind", "shift": "count_offset"},
    "refills": {"done_verb": "done_action"},
    "source_state": {
        "doubts": "suspected_refusals",
        "doubted": "suspected_target",
        "faulted": "failed_targets",
        "proving": "half_open",
    },
}
_INDEXES = (
    ("last_call", "final_look", ("source", "final_look_slot", "final_look_value"), "final_look_slot"),
    ("over", "coverage_ends", ("coverage_ends_at",), "virtual_due"),
    ("together", "request_key", ("source", "request_key"), "source"),
)
"""Name before, name after, columns, and the column that must not be null."""


def upgrade() -> None:
    for before, _, _, _ in _INDEXES:
        op.drop_index(f"ix_targets_{before}", table_name="targets")
    for table, columns in _COLUMNS.items():
        for before, after in columns.items():
            op.alter_column(table, before, new_column_name=after)
            _rename_not_null(table, before, after)
    for _, after, indexed, filled in _INDEXES:
        _index(f"ix_targets_{after}", indexed, sa.text(f"{filled} IS NOT NULL"))
    _virtual_times()
    _unit_prices()
    _hazard_cells()


def _rename_not_null(table: str, before: str, after: str) -> None:
    """Rename the constraint that PostgreSQL 18 and later keep for a NOT NULL column."""
    if op.get_bind().dialect.name != "postgresql":
        return
    name = f"{table}_{before}_not_null"
    found = sa.text("SELECT 1 FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name")
    if op.get_bind().execute(found, {"table": table, "name": name}).first() is not None:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {name} TO {table}_{after}_not_null")


def _index(name: str, columns: tuple[str, ...], condition: sa.TextClause) -> None:
    op.create_index(name, "targets", list(columns), sqlite_where=condition, postgresql_where=condition)


def _virtual_times() -> None:
    op.create_table(
        "virtual_times",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_virtual_times")),
    )
    op.execute("INSERT INTO virtual_times (source, state) SELECT source, clock FROM cadence_clocks")
    op.drop_table("cadence_clocks")


def _unit_prices() -> None:
    op.create_table(
        "unit_prices",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("units", sa.Float(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.CheckConstraint(_METRICS, name=op.f("ck_unit_prices_known_metric")),
        sa.PrimaryKeyConstraint("currency", "metric", name=op.f("pk_unit_prices")),
    )
    op.execute(
        "INSERT INTO unit_prices (currency, metric, units, amount)"
        " SELECT currency, metric, units, amount FROM going_rates"
    )
    op.drop_table("going_rates")


def _hazard_cells() -> None:
    """Rename a constraint: SQLite can only do it with a new table."""
    op.execute("CREATE TABLE hazard_cells_before AS SELECT * FROM hazard_cells")
    op.drop_table("hazard_cells")
    op.create_table(
        "hazard_cells",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("age", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("margin", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("slope", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("span", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.Float(), nullable=False),
        sa.Column("exposure", sa.Float(), nullable=False),
        sa.CheckConstraint("events >= 0 AND exposure >= 0", name=op.f("ck_hazard_cells_counts_not_negative")),
        sa.PrimaryKeyConstraint("service", "age", "margin", "slope", "span", name=op.f("pk_hazard_cells")),
    )
    op.execute("INSERT INTO hazard_cells SELECT * FROM hazard_cells_before")
    op.drop_table("hazard_cells_before")
