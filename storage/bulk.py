"""Statements that are passed to the driver without processing by SQLAlchemy, which takes longer than they do.

Parameters and results are values as the database stores them; a statement is compiled once for each engine.
On SQLite the driver's own cursor runs them; on PostgreSQL SQLAlchemy does, which notices a lost connection.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from sqlite3 import Error as SQLiteError
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Insert, Update
from sqlalchemy.exc import DBAPIError

from storage.column_types import AnySelect


class _Compiled(NamedTuple):
    text: str
    order: tuple[str, ...] | None
    """The order of the parameters if the driver takes them by position."""
    constants: Mapping[str, object]
    """Parameters that SQLAlchemy added, such as the OFFSET beside a LIMIT."""


@lru_cache(64)
def _compiled(statement: AnySelect | Insert | Update, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    order = None if compiled.positiontup is None else tuple(compiled.positiontup)
    return _Compiled(str(compiled), order, constants)


def read(connection: Connection, query: AnySelect, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
    """The rows of a query, whose parameters are named by `bindparam`."""
    text, order, constants = _compiled(query, connection.dialect)
    given = {**constants, **values}
    if order is None:
        return connection.exec_driver_sql(text, given).all()
    with _cursor(connection, text) as cursor:
        return list(cursor.execute(text, tuple([given[name] for name in order])))


def execute_many(
    connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, object]]
) -> None:
    """Execute a statement for many rows; each row names all its parameters."""
    if not rows:
        return
    text, order, _ = _compiled(statement, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, [dict(row) for row in rows])
        return
    with _cursor(connection, text) as cursor:
        cursor.executemany(text, [tuple([row[name] for name in order]) for row in rows])


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[Any]:
    """A cursor of SQLite's driver, whose errors become those of SQLAlchemy."""
    try:
        with closing(connection.connection.cursor()) as cursor:
            yield cursor
    except SQLiteError as error:
        raise DBAPIError.instance(
            text, None, error, SQLiteError, hide_parameters=True, dialect=connection.dialect
        ) from error
