"""Restoring a PostgreSQL database in one transaction: dropping, restoring, migrating and starting anew.

pg_restore writes the dump as SQL, which is executed here: its own connection could not share the transaction,
and a restore that is interrupted before the new start would give ids out again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from storage import migrate, row_numbers
from storage.engine import Database
from storage.errors import TransferError
from storage.long_work import require_alone, without_limits
from storage.new_start import NewStart, start_anew
from storage.postgresql_programs import output_of, require_program
from storage.schema import metadata
from storage.transfer_action import TransferAction

_SKIPPED = (b"--", b"SET ", b"SELECT pg_catalog.set_config(", b"\\")
"""Comments and settings of the session; a statement of the dump names its schema itself."""
_END_OF_ROWS = b"\\.\n"
_REVISION = "alembic_version"


def restore(backup: Path, database: Database, now: datetime, *, replace: bool) -> NewStart:
    """Put a dump in the place of the database's tables, migrated and started anew.

    Raises TransferError if others are connected, or if there are tables and `replace` is not set.
    """
    require_program("pg_restore", 0)
    with database.write() as connection:
        without_limits(connection)
        require_alone(connection, database.name)
        present = _present(connection)
        if present and not replace:
            raise TransferError(f"{database.name} has tables already; to drop them, give --replace")
        known = row_numbers.last_ids(connection)
        for table in present:
            connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
        with output_of("pg_restore", "--no-owner", "--no-privileges", "--file=-", backup) as script:
            _execute(connection, script)
        migrate.upgrade_in(connection, str(backup))
        place = str(backup.resolve())
        return start_anew(connection, TransferAction.RESTORED, place, now, known.values())


def _present(connection: Connection) -> list[str]:
    """The tables of refilld in the database."""
    return sorted({*metadata.tables, _REVISION} & set(inspect(connection).get_table_names()))


def _execute(connection: Connection, script: Iterable[bytes]) -> None:
    """Execute the SQL of pg_restore, with the rows that it contains."""
    from psycopg import Error  # noqa: PLC0415 - an extra

    try:
        _execute_statements(connection.connection.driver_connection, iter(script))
    except Error as error:
        raise TransferError(f"the backup cannot be restored: {str(error).partition(chr(10))[0]}") from error


def _execute_statements(raw: Any, lines: Iterator[bytes]) -> None:
    with raw.cursor() as cursor:
        for statement in _statements(lines):
            if statement.endswith(b"FROM stdin;"):
                with cursor.copy(statement) as rows:
                    for line in iter(lines.__next__, _END_OF_ROWS):
                        rows.write(line)
            else:
                cursor.execute(statement)


def _statements(lines: Iterator[bytes]) -> Iterator[bytes]:
    statement = b""
    for line in lines:
        if not statement and (not line.strip() or line.startswith(_SKIPPED)):
            continue
        statement += line
        if line.rstrip().endswith(b";"):
            yield statement.strip()
            statement = b""
