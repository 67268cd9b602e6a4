"""Times in the database, for checking the clock of the machine."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text

from storage.schema import targets
from storage.source_tables import source_requests


def newest(connection: Connection) -> datetime | None:
    """Time of the newest look or request; None if there is none."""
    look = connection.execute(select(func.max(targets.c.last_look_at))).scalar()
    request = connection.execute(select(func.max(source_requests.c.at))).scalar()
    return max((at for at in (look, request) if at is not None), default=None)


def server_time(connection: Connection) -> datetime | None:
    """The time of the database server; None on SQLite, which has no clock of its own."""
    if connection.dialect.name == "sqlite":
        return None
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def shared_time(connection: Connection, now: datetime) -> datetime:
    """The clock that all processes on this database share: the server's; on SQLite this machine's, `now`."""
    return server_time(connection) or now
