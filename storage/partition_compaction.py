"""Compaction of old partitions: what the retention has kept of a month moves into a partition of its year.

Nothing new is written to an old month, so the space of the rows that were deleted there would never be used
again. Its partition is dropped, which gives the space back to the file system.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, bindparam, select, text

from storage import partitions
from storage.partitions import Partition
from storage.retention_tables import retention_progress

_BLOCKS = 2048
"""Of 8 KiB: so much of a partition is copied by one statement."""
_p = retention_progress.c
_PROGRESS = select(_p.last_key, _p.thinned_until).where(_p.kind == bindparam("kind"))
_SIZE = text("SELECT pg_relation_size(CAST(:name AS regclass)) / current_setting('block_size')::int")


@dataclass(frozen=True, slots=True)
class Compacted:
    """Partitions that were replaced by one."""

    name: str
    dropped: Sequence[str]
    rows: int


def compact_oldest(
    connection: Connection, table: str, now: datetime, heartbeat: Callable[[], None]
) -> Compacted | None:
    """Replace the oldest month that the retention has passed by its rows in a partition of the year.

    Reads and writes go on meanwhile, writes to the month itself excepted. Returns None if there is no such
    month, or while the table is in use by a long transaction.
    """
    if not partitions.reserve(connection, table):
        return None
    parts = _oldest_passed(connection, table, now)
    if not parts or not _lockable(connection, table, parts):
        return None
    names = [part.name for part in parts]
    only = ", ".join(f"ONLY {name}" for name in names)
    if not partitions.try_lock(connection, f"LOCK TABLE {only} IN SHARE MODE"):
        return None
    result = Partition(_name(table, parts[0]), parts[0].start, parts[-1].end)
    rows = sum(_copied(connection, table, result, names, heartbeat))
    if not partitions.locked(connection, table, names):
        connection.exec_driver_sql(f"DROP TABLE {_new(table)}")
        return None
    _replace(connection, table, names, result)
    return Compacted(result.name, names, rows)


def _oldest_passed(connection: Connection, table: str, now: datetime) -> list[Partition]:
    """The oldest month if the retention has passed it, after the partition of its year if there is one."""
    found = partitions.listed(connection, table)
    number = next(i for i, part in enumerate(found) if not part.name.startswith(f"{table}_kept_"))
    part = found[number]
    if part.end is None or part.end > now or not _is_passed(connection, table, part):
        return []
    return [one for one in found[:number] if _year(one) == _year(part) is not None] + [part]


def _is_passed(connection: Connection, table: str, part: Partition) -> bool:
    progress = connection.execute(_PROGRESS, {"kind": table}).one_or_none()
    if progress is None or part.end is None:
        return False
    if table == "snapshots":
        return progress.thinned_until is not None and bool(progress.thinned_until >= part.end)
    newer = f"SELECT 1 FROM {part.name} WHERE event_id > {progress.last_key} LIMIT 1"  # noqa: S608 - a name and a number
    return connection.exec_driver_sql(newer).first() is None


def _year(part: Partition) -> int | None:
    return None if part.start is None else part.start.year


def _name(table: str, first: Partition) -> str:
    return f"{table}_kept_{_year(first) or 'before'}"


def _new(table: str) -> str:
    return f"{table}_compacting"


def _lockable(connection: Connection, table: str, parts: Sequence[Partition]) -> bool:
    """Whether the partitions could be replaced now; else the copy would be made in vain."""
    probe = connection.begin_nested()
    free = partitions.locked(connection, table, [part.name for part in parts])
    probe.rollback()
    return free


def _copied(
    connection: Connection, table: str, result: Partition, names: Sequence[str], heartbeat: Callable[[], None]
) -> Iterator[int]:
    """Copy partitions into a new table, with the constraint that spares a check when it is attached."""
    within = partitions.condition(result)
    connection.exec_driver_sql(
        f"CREATE TABLE {_new(table)} (LIKE {table} INCLUDING ALL, CONSTRAINT within CHECK ({within}))"
    )
    for name in names:
        blocks = connection.execute(_SIZE, {"name": name}).scalar_one()
        for first, last in pairwise([*range(0, blocks, _BLOCKS), blocks]):
            some = f"SELECT * FROM {name} WHERE ctid >= '({first},0)' AND ctid < '({last},0)'"  # noqa: S608 - names of the catalog
            yield connection.exec_driver_sql(f"INSERT INTO {_new(table)} {some}").rowcount
            heartbeat()


def _replace(connection: Connection, table: str, names: Sequence[str], result: Partition) -> None:
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {name}")
        connection.exec_driver_sql(f"DROP TABLE {name}")
    connection.exec_driver_sql(f"ALTER TABLE {_new(table)} RENAME TO {result.name}")
    partitions.attach(connection, table, result)
    connection.exec_driver_sql(f"ALTER TABLE {result.name} DROP CONSTRAINT within")
