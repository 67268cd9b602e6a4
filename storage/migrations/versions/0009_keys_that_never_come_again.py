"""Restores and copies of the database; on SQLite, ids that never come again after their row is deleted."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEY_COLUMN = re.compile(r"\(\s*(\w+) INTEGER NOT NULL, ")


def upgrade() -> None:
    op.create_table(
        "transfers",
        sa.Column("transfer_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=True),
        sa.Column("hold_until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "action IN ('restored', 'copied', 'moved', 'reopened')", name=op.f("ck_transfers_known_action")
        ),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_transfers")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        _number_without_reuse(op.get_bind())


def _number_without_reuse(connection: sa.Connection) -> None:
    """Add AUTOINCREMENT to the tables that number their rows.

    The rows are stored in the same way, so only the text of the schema is edited, as SQLite's documentation of
    ALTER TABLE describes it; the tables, which may be large, are not rewritten.
    """
    tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    edited = {name: text for name, sql in tables if (text := _edited(name, sql)) is not None}
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for name, (_, sql) in edited.items():
        change = "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?"
        connection.exec_driver_sql(change, (sql, name))
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")  # reads the schema again
    for name, (key, _) in edited.items():
        last = sa.select(sa.func.max(sa.column(key, sa.BigInteger()))).select_from(sa.table(name))
        row = (name, connection.execute(last).scalar() or 0)
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", row)


def _edited(name: str, sql: str) -> tuple[str, str] | None:
    """The key and the new text of a table that numbers its rows; None for another table."""
    found = _KEY_COLUMN.search(sql)
    key = found[1] if found else ""
    constraint = f", \n\tCONSTRAINT pk_{name} PRIMARY KEY ({key})"
    if found is None or constraint not in sql:
        return None
    column = f"{key} INTEGER NOT NULL"
    text = sql.replace(constraint, "", 1).replace(column, f"{column} PRIMARY KEY AUTOINCREMENT", 1)
    return key, text
