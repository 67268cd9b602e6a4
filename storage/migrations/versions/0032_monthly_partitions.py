"""Partitions of snapshots and events by month, on PostgreSQL; SQLite keeps its tables.

The rows that are there stay where they are: their table becomes the first partition, of all time before the
next month. So no row is copied; each of the two tables is read once, and the key of the events is built anew.
"""

from datetime import UTC, datetime, timedelta

from alembic import op
from sqlalchemy import Connection, text

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

KEYS = {"snapshots": "target_id, at", "events": "event_id, at"}
"""The primary key of a partitioned table includes the time."""
MONTHS = 3
"""Partitions from the first month on."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = CAST(:name AS regclass) AND contype = 'f'
"""
_REFERENCES = """
SELECT CAST(conrelid AS regclass), conname FROM pg_constraint WHERE confrelid = CAST(:name AS regclass)
"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename = :name ORDER BY 1"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for table, key in KEYS.items():
            _partition(connection, table, key)


def _partition(connection: Connection, table: str, key: str) -> None:
    """Replace a table by a partitioned one, of which it becomes the first partition."""
    first = f"{table}_before"
    sequence = connection.execute(
        text("SELECT pg_get_serial_sequence(:name, :key)"), {"name": table, "key": key.split(",", 1)[0]}
    ).scalar()
    for referring, constraint in connection.execute(text(_REFERENCES), {"name": table}).all():
        op.execute(f"ALTER TABLE {referring} DROP CONSTRAINT {constraint}")
    foreign_keys = connection.execute(text(_CONSTRAINTS), {"name": table}).all()
    indexes = connection.execute(text(_INDEXES), {"name": table}).all()
    op.execute(f"ALTER TABLE {table} RENAME TO {first}")
    for index, _ in indexes:
        op.execute(f"ALTER INDEX {index} RENAME TO {index}_before")
    like = f"LIKE {first} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE"
    op.execute(f"CREATE TABLE {table} ({like}) PARTITION BY RANGE (at)")
    if table == "events":
        op.execute(f"ALTER TABLE {first} DROP CONSTRAINT pk_{table}_before")
        op.execute(f"ALTER TABLE {first} ADD CONSTRAINT pk_{table}_before PRIMARY KEY ({key})")
        op.execute(f"ALTER SEQUENCE {sequence} OWNED BY {table}.event_id")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")
    for index, definition in indexes:
        if index != f"pk_{table}":
            op.execute(definition)
    for constraint, definition in foreign_keys:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")
    _fill(connection, table, first)


def _fill(connection: Connection, table: str, first: str) -> None:
    """Attach the rows that are there, and create the partitions of the next months and of all time after."""
    start = _first_month(connection, first)
    later = f"{first} WHERE at >= {_stored(start)}"  # a clock was ahead
    op.execute(f"CREATE TEMPORARY TABLE {table}_later ON COMMIT DROP AS SELECT * FROM {later}")  # noqa: S608
    op.execute(f"DELETE FROM {later}")  # noqa: S608
    op.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({_stored(start)})"
    )
    for _ in range(MONTHS):
        end = _next_month(start)
        bounds = f"FROM ({_stored(start)}) TO ({_stored(end)})"
        op.execute(f"CREATE TABLE {table}_{start:%Y_%m} PARTITION OF {table} FOR VALUES {bounds}")
        start = end
    rest = f"FROM ({_stored(start)}) TO (MAXVALUE)"
    op.execute(f"CREATE TABLE {table}_after PARTITION OF {table} FOR VALUES {rest}")
    op.execute(f"INSERT INTO {table} SELECT * FROM pg_temp.{table}_later")  # noqa: S608


def _first_month(connection: Connection, first: str) -> datetime:
    """The month after the newest row; this month if all rows are older."""
    seconds = connection.execute(text("SELECT CAST(extract(epoch FROM now()) AS bigint)")).scalar_one()
    month = (EPOCH + timedelta(seconds=seconds)).replace(day=1, hour=0, minute=0, second=0)
    newest = connection.execute(text(f"SELECT max(at) FROM {first}")).scalar()  # noqa: S608
    return month if newest is None or newest < _stored(month) else _next_month(month)


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=31)).replace(day=1)


def _stored(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
