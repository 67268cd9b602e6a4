"""Instants: what the database knows of the time, to judge the machine's clock by."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, text

from storage.schema import targets
from storage.source_tables import source_requests


def newest(connection: Connection) -> datetime | None:
    """When something was last looked at or asked for; None when nothing was yet."""
    look = connection.execute(select(func.max(targets.c.last_look_at))).scalar()
    request = connection.execute(select(func.max(source_requests.c.at))).scalar()
    return max((at for at in (look, request) if at is not None), default=None)


def server_time(connection: Connection) -> datetime | None:
    """What the database server's own clock says; None on SQLite, which has no other than the machine's."""
    if connection.dialect.name == "sqlite":
        return None
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)
