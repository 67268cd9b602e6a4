"""Copying a database to another one, which may be of the other engine.

The target gets everything in one transaction, which is committed after every row was compared: a copy that is
interrupted leaves it empty. Nobody can write to the source meanwhile. It is marked as moved just before the
target is committed, so that at no moment refills can be handed out from both.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import Connection, Table, select

from storage import migrate, revision, row_numbers, transfers
from storage.daemon_lock import daemon_lock
from storage.engine import Database
from storage.errors import MovedError, NotMigratedError, TransferError
from storage.long_work import require_alone, without_limits
from storage.schema import metadata
from storage.table_rows import insert_rows, stored_rows
from storage.transfer_action import TransferAction
from storage.transfer_tables import transfers as transfer_table

_TABLES = metadata.sorted_tables
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy has done."""

    rows: int
    tables: int
    again: bool
    """An earlier copy had been completed; nothing was compared, since the work may go on in the target."""


def copy(source: Database, target: Database, now: datetime, progress: _Progress) -> Copied:
    """Copy a database that nobody uses into an empty one, and mark it as moved.

    `progress` is called with each table and its number of rows. Raises DaemonRunningError or TransferError
    while the source is in use, or if the target has rows or the copy differs; then the target is unchanged.
    A source that an interrupted copy has marked as moved to this target is copied again.
    """
    if source.place == target.place:
        raise TransferError("the database cannot be copied onto itself")
    _require_source(source, target.url)
    with ExitStack() as locks:
        for database in (source, target):
            locks.enter_context(daemon_lock(database))
        writing = locks.enter_context(target.write())
        with _unchanging(source) as reading:
            moved = transfers.moved(reading) is not None
            copied = _filled(reading, writing, source.url, target.name, now, progress, moved=moved)
            if not moved:
                transfers.record(reading, TransferAction.MOVED, target.url, now)
    return copied


def _require_source(source: Database, place: str) -> None:
    """Raise MovedError if the source was moved elsewhere than to the target."""
    try:
        revision.require_current(source)
    except MovedError:
        with source.read() as connection:
            move = transfers.moved(connection)
        if move is None or move.place != place:
            raise


@contextmanager
def _unchanging(source: Database) -> Iterator[Connection]:
    """A transaction during which nobody else can write to the database."""
    with source.write() as connection:  # on SQLite it is the only writer
        if not source.sqlite:
            connection.exec_driver_sql(_SNAPSHOT)
            without_limits(connection)
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
            names = ", ".join(f'"{table.name}"' for table in _TABLES)
            connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
            require_alone(connection, source.name)
        yield connection


def _filled(
    reading: Connection,
    writing: Connection,
    place: str,
    name: str,
    now: datetime,
    progress: _Progress,
    *,
    moved: bool,
) -> Copied:
    """Fill the target, and compare every row; or find that an earlier copy has, if the source is `moved`."""
    without_limits(writing)
    if revision.current_in(writing) is None:
        migrate.upgrade_in(writing, name)
    elif revision.current_in(writing) != revision.newest():
        raise NotMigratedError(f"{name} is not at {revision.newest()}; give an empty database")
    if moved and _was_copied(writing, place):
        return Copied(0, len(_TABLES), again=True)
    _require_empty(writing, name)
    for table in _TABLES:
        progress(table.name, insert_rows(writing, table, stored_rows(reading, table)))
    row_numbers.continue_after(writing, row_numbers.last_ids(reading))
    transfers.record(writing, TransferAction.COPIED, place, now)
    if writing.dialect.name == "postgresql":
        writing.exec_driver_sql("ANALYZE")
    rows = sum(_compared(reading, writing, table) for table in _TABLES)
    return Copied(rows, len(_TABLES), again=False)


def _was_copied(target: Connection, place: str) -> bool:
    newest = next(reversed(transfers.listed(target)), None)
    return newest is not None and (newest.action, newest.place) == (TransferAction.COPIED, place)


def _require_empty(target: Connection, name: str) -> None:
    for table in _TABLES:
        if target.execute(select(1).select_from(table).limit(1)).first() is not None:
            raise TransferError(f"{name} has rows in {table.name} already; give an empty database")


def _compared(source: Connection, target: Connection, table: Table) -> int:
    """The number of rows of a table; raises TransferError if they are not the same in both databases."""
    theirs = stored_rows(target, table)
    number = 0
    for row, copied in zip_longest(stored_rows(source, table), theirs):
        if row != copied:
            if row is None and table is transfer_table and next(theirs, None) is None:
                break  # the record of the copy itself
            raise TransferError(f"row {number + 1} of {table.name} differs; the copy was given up")
        number += 1
    return number
