"""Bulk writes: one statement for many rows, passed to the driver without processing by SQLAlchemy.

SQLAlchemy processes every row of an `executemany`, which takes longer than the database does. Here the rows
hold the values as the database stores them; the statement is compiled once for each engine.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Insert, Update


@lru_cache(64)
def _compiled(statement: Insert | Update, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """The text of a statement, and the order of its parameters if the driver takes them by position."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), None if compiled.positiontup is None else tuple(compiled.positiontup)


def execute_many(
    connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, object]]
) -> None:
    """Execute a statement for many rows; each row names all its parameters."""
    if not rows:
        return
    text, order = _compiled(statement, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, [dict(row) for row in rows])
    else:
        connection.exec_driver_sql(text, [tuple([row[name] for name in order]) for row in rows])
