"""Statements that are passed to the driver without processing by SQLAlchemy, which takes longer than they do.

Parameters and results are values as the database stores them; a statement is compiled once for each engine.
On SQLite the driver's own cursor runs them; on PostgreSQL SQLAlchemy does, which notices a lost connection.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from sqlite3 import Error as SQLiteError
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Dialect, Insert, TextClause, Update
from sqlalchemy.exc import DBAPIError

from storage.column_types import AnySelect

Statement: TypeAlias = AnySelect | Insert | Update | TextClause


class Compiled(NamedTuple):
    """A statement as the driver takes it."""

    text: str
    order: tuple[str, ...] | None
    """The order of the parameters if the driver takes them by position."""
    constants: Mapping[str, object]
    """Parameters that SQLAlchemy added, such as the OFFSET beside a LIMIT."""


@lru_cache(128)
def compiled(statement: Statement, dialect: Dialect) -> Compiled:
    """The statement for an engine."""
    made = statement.compile(dialect=dialect)
    constants = {name: value for name, value in made.params.items() if value is not None}
    order = None if made.positiontup is None else tuple(made.positiontup)
    return Compiled(str(made), order, constants)


def read(connection: Connection, query: Statement, values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
    """The rows of a query, or of a change with RETURNING, whose parameters are named."""
    text, order, constants = compiled(query, connection.dialect)
    parameters = {**constants, **values}
    if order is None:
        return connection.exec_driver_sql(text, parameters).all()
    raw: Any = connection.connection.dbapi_connection
    try:
        return list(raw.execute(text, [parameters[name] for name in order]))
    except SQLiteError as error:
        raise _of_sqlalchemy(error, text, connection.dialect) from error


def execute(connection: Connection, statement: Statement, values: Mapping[str, object]) -> None:
    """Execute a statement that returns nothing, whose parameters are named."""
    execute_many(connection, statement, [values])


def execute_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, object]]) -> None:
    """Execute a statement for many rows; each row names all its parameters."""
    if not rows:
        return
    text, order, _ = compiled(statement, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, [dict(row) for row in rows])
        return
    raw: Any = connection.connection.dbapi_connection
    try:
        raw.executemany(text, [[row[name] for name in order] for row in rows]).close()
    except SQLiteError as error:
        raise _of_sqlalchemy(error, text, connection.dialect) from error


def _of_sqlalchemy(error: SQLiteError, text: str, dialect: Dialect) -> BaseException:
    """The error that SQLAlchemy raises in place of one of SQLite's driver."""
    return DBAPIError.instance(text, None, error, SQLiteError, hide_parameters=True, dialect=dialect)
