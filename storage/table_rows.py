"""All rows of a table as the database stores them, for copying: streamed, in the order of the key.

SQLAlchemy is left out, because processing every value takes longer than the databases do.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from sqlite3 import Error as SQLiteError
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, Text

from storage.errors import TransferError

StoredRow: TypeAlias = tuple[object, ...]
_BATCH = 5000


def stored_rows(connection: Connection, table: Table) -> Iterator[StoredRow]:
    """Read all rows of a table; text keys are ordered by their bytes on both engines."""
    raw, server = _driver(connection)
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    order = ", ".join(_order(column.name, text=server and _is_text(column)) for column in table.primary_key)
    query = f'SELECT {columns} FROM "{table.name}" ORDER BY {order}'  # noqa: S608 - names of the schema
    with _mapped_errors(server=server):
        if not server:
            yield from raw.execute(query)
            return
        with raw.cursor(name=f"copy_{table.name}") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(query)
            yield from cursor


def insert_rows(connection: Connection, table: Table, rows: Iterable[StoredRow]) -> int:
    """Insert rows that were read by `stored_rows`; returns their number."""
    raw, server = _driver(connection)
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    with _mapped_errors(server=server):
        if server:
            return _copy(raw, f'COPY "{table.name}" ({columns}) FROM STDIN', rows)
        values = ", ".join("?" for _ in table.columns)
        statement = f'INSERT INTO "{table.name}" ({columns}) VALUES ({values})'  # noqa: S608 - the same
        number, remaining = 0, iter(rows)
        while batch := list(islice(remaining, _BATCH)):
            raw.executemany(statement, batch)
            number += len(batch)
        return number


def _copy(raw: Any, statement: str, rows: Iterable[StoredRow]) -> int:
    number = 0
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            number += 1
    return number


def _driver(connection: Connection) -> tuple[Any, bool]:
    """The driver's own connection, and whether it is one to a PostgreSQL server."""
    return connection.connection.driver_connection, connection.dialect.name == "postgresql"


def _is_text(column: Any) -> bool:
    return isinstance(getattr(column.type, "impl_instance", column.type), Text)


def _order(name: str, *, text: bool) -> str:
    return f'"{name}" COLLATE "C"' if text else f'"{name}"'


@contextmanager
def _mapped_errors(*, server: bool) -> Iterator[None]:
    kind: type[Exception] = SQLiteError
    if server:
        from psycopg import Error  # noqa: PLC0415 - an extra

        kind = Error
    try:
        yield
    except kind as error:
        raise TransferError(f"the copy failed: {str(error).partition(chr(10))[0]}") from error
