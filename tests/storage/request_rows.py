"""Writes and counts rows of source_requests."""

from pathlib import Path

from sqlalchemy import Connection, func, select

from storage import sources
from storage.engine import Database
from storage.source_tables import source_requests
from tests.builders import NOW


def add_request(connection: Connection, source: str = "graph", count: int = 1) -> None:
    sources.note_requests(connection, source, NOW, count)


def count_requests(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(source_requests)).scalar_one()


def file_of(database: Database) -> Path:
    assert database.path is not None
    return database.path
