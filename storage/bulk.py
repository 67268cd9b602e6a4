"""Bulk: one statement for many rows, with as little ado between the rows and the driver as can be.

SQLAlchemy works every row of an `executemany` over, which takes longer than the database does. Here the rows
have the values that the database stores; the statement is SQLAlchemy's own, compiled once for each engine.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Dialect, Insert, Update


@lru_cache(64)
def _compiled(statement: Insert | Update, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """The text of a statement, and the order of its parameters where the driver counts them."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), None if compiled.positiontup is None else tuple(compiled.positiontup)


def execute_many(
    connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, object]]
) -> None:
    """Carry a statement out for many rows; all its parameters are named in each row."""
    if not rows:
        return
    text, order = _compiled(statement, connection.dialect)
    if order is None:
        connection.exec_driver_sql(text, [dict(row) for row in rows])
    else:
        connection.exec_driver_sql(text, [tuple([row[name] for name in order]) for row in rows])
