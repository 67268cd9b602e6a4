"""Partitions by month of the tables that grow with every look, on PostgreSQL; SQLite has none.

The partitions of a table cover all time: the first one everything before, the last one (`..._after`)
everything after the months that exist. So no row is ever without a partition, and there is no default
partition, which would prevent reading the others in the order of time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from storage.column_types import instant, microseconds

PARTITIONED = ("snapshots", "events")
"""Their month is that of `at`. On PostgreSQL no foreign key can refer to an event by its id alone."""
PATTERNS = tuple(
    f"{table}_{part}" for table in PARTITIONED for part in ("before", "after", "kept_*", "[0-9]*")
)
"""The names of all partitions, as patterns of pg_dump: it finds those of its own moment."""
AHEAD = 2
"""Months after the current one that have a partition of their own."""
_LOCK_NOT_AVAILABLE = "55P03"
_LOCK_TRIES = 5
_LISTED = text("""
SELECT part.relname, pg_get_expr(part.relpartbound, part.oid)
FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid WHERE inhparent = CAST(:table AS regclass)
""")
_CREATED = text("SELECT obj_description(CAST(:name AS regclass), 'pg_class')")
_RESERVE = text("SELECT pg_try_advisory_xact_lock(hashtext(:purpose))")
_NAMES = text("""
SELECT part.relname FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid
WHERE inhparent IN (SELECT oid FROM pg_class WHERE relkind = 'p' AND relname = ANY (:tables))
""")
_BOUNDS = re.compile(r"FROM \('?(-?\w+)'?\) TO \('?(-?\w+)'?\)")
_BOUND = re.compile(r"-?\d+")


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows of a table from a time until another."""

    name: str
    start: datetime | None
    """None: from the beginning of time."""
    end: datetime | None
    """None: until the end of time."""

    @property
    def bounds(self) -> str:
        """As SQL names them."""
        return f"FROM ({_bound(self.start, 'MINVALUE')}) TO ({_bound(self.end, 'MAXVALUE')})"


def names(connection: Connection) -> set[str]:
    """The tables that are partitions of others; also in a database of an earlier revision."""
    if connection.dialect.name == "sqlite":
        return set()
    return set(connection.execute(_NAMES, {"tables": list(PARTITIONED)}).scalars())


def listed(connection: Connection, table: str) -> list[Partition]:
    """The partitions of a table, in the order of time."""
    found = []
    for name, definition in connection.execute(_LISTED, {"table": table}):
        start, end = (_time(bound) for bound in _BOUNDS.findall(definition)[0])
        found.append(Partition(name, start, end))
    return sorted(found, key=lambda one: (one.start is not None, one.start))


def create_next(connection: Connection, table: str, now: datetime) -> str | None:
    """Create the partition of the next month if it is near; returns its name.

    One a day at most, so that a wrong clock creates few. Rows of this month that are in the last partition
    already are moved into it. Does nothing while the table is in use by a long transaction.
    """
    if not reserve(connection, table):
        return None
    newest, rest = listed(connection, table)[-2:]
    today = f"created on {now:%Y-%m-%d}"
    if rest.start is None or rest.start > _last_month(now) or _comment(connection, newest) == today:
        return None
    if not locked(connection, table, [rest.name]):
        return None
    month = Partition(f"{table}_{rest.start:%Y_%m}", rest.start, _next_month(rest.start))
    connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {rest.name}")
    connection.exec_driver_sql(f"CREATE TABLE {month.name} PARTITION OF {table} FOR VALUES {month.bounds}")
    connection.exec_driver_sql(f"COMMENT ON TABLE {month.name} IS '{today}'")
    moved = f"FROM {rest.name} WHERE at < {_bound(month.end, '')}"
    connection.exec_driver_sql(f"INSERT INTO {table} SELECT * {moved}")
    connection.exec_driver_sql(f"DELETE {moved}")
    attach(connection, table, Partition(rest.name, month.end, None))
    return month.name


def _comment(connection: Connection, part: Partition) -> str | None:
    found: str | None = connection.execute(_CREATED, {"name": part.name}).scalar_one()
    return found


def reserve(connection: Connection, table: str) -> bool:
    """Be the only one to change the partitions of a table until the commit; False if another process is."""
    return bool(connection.execute(_RESERVE, {"purpose": f"refilld partitions {table}"}).scalar_one())


def condition(part: Partition) -> str:
    """What is true of the rows of a partition."""
    times = ((">=", part.start), ("<", part.end))
    return " AND ".join(f"at {sign} {microseconds(at)}" for sign, at in times if at is not None)


def attach(connection: Connection, table: str, part: Partition) -> None:
    """Make a table with the same columns a partition."""
    connection.exec_driver_sql(f"ALTER TABLE {table} ATTACH PARTITION {part.name} FOR VALUES {part.bounds}")


def locked(connection: Connection, table: str, parts: Sequence[str]) -> bool:
    """Lock a table and some of its partitions for a change of its partitions; False if they are in use."""
    names = ", ".join(f"ONLY {name}" for name in (table, *parts))
    wanted = [f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"]
    if table == "snapshots":  # for their foreign key; looks lock targets first as well
        wanted.insert(0, "LOCK TABLE targets IN SHARE ROW EXCLUSIVE MODE")
    return any(try_lock(connection, *wanted) for _ in range(_LOCK_TRIES))


def try_lock(connection: Connection, *statements: str) -> bool:
    """Run statements that take locks; False, and no lock is taken, if they would have to wait.

    Others wait behind a lock that waits, so this gives up after a tenth of a second.
    """
    connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _last_month(now: datetime) -> datetime:
    """The last month that is to have a partition."""
    month = _month(now)
    for _ in range(AHEAD):
        month = _next_month(month)
    return month


def _month(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(month: datetime) -> datetime:
    return (month + timedelta(days=31)).replace(day=1)


def _bound(at: datetime | None, unbounded: str) -> str:
    return unbounded if at is None else str(microseconds(at))


def _time(bound: str) -> datetime | None:
    return instant(int(bound)) if _BOUND.fullmatch(bound) else None
