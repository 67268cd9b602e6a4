"""The ids that the database gives to rows: the last ones, and a start after ids of another database."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, inspect, select, text

from storage.errors import WrongStateError
from storage.metadata import metadata, numbers_rows

_START = datetime(2026, 1, 1, tzinfo=UTC)
_IDS_PER_SECOND = 10_000
_LIMIT = 2**53
"""JSON numbers from here on are not exact in every program."""
_LAST_OF_SEQUENCE = text("SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:t, :c) AS regclass))")
_CONTINUE_SEQUENCE = text("SELECT setval(CAST(pg_get_serial_sequence(:t, :c) AS regclass), :last)")
_FORGET = text("DELETE FROM sqlite_sequence WHERE name = :t")
_REMEMBER = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:t, :last)")


def _keys() -> dict[str, str]:
    """The tables that number their rows, each with its key."""
    return {t.name: t.primary_key.columns[0].name for t in metadata.sorted_tables if numbers_rows(t)}


def last_ids(connection: Connection) -> dict[str, int]:
    """The highest id that each table has given out; also of a database of an earlier revision."""
    found = set(inspect(connection).get_table_names())
    return {table: _last(connection, table, key) for table, key in _keys().items() if table in found}


def _last(connection: Connection, table: str, key: str) -> int:
    column = metadata.tables[table].c[key]
    highest = connection.execute(select(func.max(column))).scalar() or 0
    return max(highest, _last_given(connection, table, key) or 0)


def _last_given(connection: Connection, table: str, key: str) -> int | None:
    """What the database remembers of rows that may be deleted."""
    if connection.dialect.name == "postgresql":
        return connection.execute(_LAST_OF_SEQUENCE, {"t": table, "c": key}).scalar()
    if not inspect(connection).has_table("sqlite_sequence"):
        return None
    query = text("SELECT max(seq) FROM sqlite_sequence WHERE name = :t")
    return connection.execute(query, {"t": table}).scalar()


def continue_after(connection: Connection, last: dict[str, int]) -> None:
    """Give the next row of each table an id after this one."""
    for table, key in _keys().items():
        number = last.get(table, 0)
        if connection.dialect.name == "sqlite":
            connection.execute(_FORGET, {"t": table})
            connection.execute(_REMEMBER, {"t": table, "last": number})
        elif number:
            connection.execute(_CONTINUE_SEQUENCE, {"t": table, "c": key, "last": number})


def begin_epoch(connection: Connection, now: datetime, known: Iterable[int]) -> int:
    """Continue every table after all known ids, and after what follows from the clock; returns the first id.

    Ids of a database that was lost are not known. It gave out fewer than 10,000 a second since its own epoch
    began, so ids that follow from the clock come after them.
    """
    by_clock = (now - _START) // timedelta(seconds=1) * _IDS_PER_SECOND
    last = max(by_clock, *known, *last_ids(connection).values())
    if last + 1 >= _LIMIT:
        raise WrongStateError(f"ids would start at {last + 1}, too high for JSON; is the clock right?")
    continue_after(connection, dict.fromkeys(_keys(), last))
    return last + 1
