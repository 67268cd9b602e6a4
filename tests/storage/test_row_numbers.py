"""Ids that never come again: not after a deletion, and not after a migration."""

import pytest
from alembic import command
from sqlalchemy import Connection, Table

from storage import migrate
from storage.engine import Database
from storage.metadata import numbers_rows
from storage.schema import metadata

NUMBERED = [table for table in metadata.sorted_tables if numbers_rows(table)]
INSERT = "INSERT INTO source_requests (source, at) VALUES ('graph', 1) RETURNING request_id"


def migrated_to(database: Database, revision: str) -> None:
    """Run the migrations up to a revision."""
    config = migrate._config()
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def new_id(connection: Connection) -> int:
    return int(connection.exec_driver_sql(INSERT).scalar_one())


def test_an_id_does_not_come_again_after_its_row_is_deleted(database: Database) -> None:
    """Neither that of the newest row nor those of an emptied table."""
    with database.write() as connection:
        first, second = new_id(connection), new_id(connection)
        connection.exec_driver_sql(f"DELETE FROM source_requests WHERE request_id = {second}")
        third = new_id(connection)
        connection.exec_driver_sql("DELETE FROM source_requests")
    with database.write() as connection:
        assert first < second < third < new_id(connection)


@pytest.mark.parametrize("table", NUMBERED, ids=lambda table: table.name)
def test_every_table_that_numbers_its_rows_does_so_without_reuse(sqlite: Database, table: Table) -> None:
    with sqlite.read() as connection:
        query = "SELECT sql FROM sqlite_master WHERE name = ?"
        assert "AUTOINCREMENT" in connection.exec_driver_sql(query, (table.name,)).scalar_one()


def test_a_migrated_database_continues_after_its_highest_id(empty: Database) -> None:
    """Also for rows that it had before the migration."""
    migrated_to(empty, "0007")
    with empty.write() as connection:
        before = [new_id(connection) for _ in range(3)]
    migrate.upgrade(empty)
    with empty.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM source_requests WHERE request_id = {before[-1]}")
        assert new_id(connection) == before[-1] + 1
    empty.quick_check()


def test_another_process_sees_the_edited_schema(fresh_sqlite: str) -> None:
    """The file is sound, and a connection that was opened before the migration uses it."""
    database = Database(fresh_sqlite)
    migrated_to(database, "0007")
    other = Database(fresh_sqlite)
    with other.write() as connection:
        gone = new_id(connection)
    migrate.upgrade(database)
    database.close()
    with other.write() as connection:
        connection.exec_driver_sql("DELETE FROM source_requests")
        assert new_id(connection) == gone + 1
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    other.close()
