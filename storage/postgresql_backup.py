"""Backups of PostgreSQL databases, by pg_dump in its custom format."""

import re
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import URL

from storage import partitions
from storage.engine import Database
from storage.metadata import metadata
from storage.postgresql_programs import login, require_program, run, server_version

HEADER = b"PGDMP"
_REVISION = "alembic_version"


def write_backup(database: Database, url: URL, to: Path) -> None:
    """Write a dump of refilld's tables as they are now into an empty file.

    Raises UnreachableError if pg_dump is missing or older than the server.
    """
    with database.read() as connection:
        major = server_version(connection)
        tables = sorted({*metadata.tables, _REVISION} & set(inspect(connection).get_table_names()))
    require_program("pg_dump", major)
    require_program("pg_restore", major)
    to_server = login(url)
    chosen = [f"--table={table}" for table in (*tables, *partitions.PATTERNS)]
    where = ("--dbname", to_server.conninfo, "--no-password", "--lock-wait-timeout=30s")
    run("pg_dump", "--format=custom", "--file", to, *where, *chosen, password=to_server.password)


def read_contents(backup: Path) -> tuple[str | None, datetime | None]:
    """The revision of a dump (None if it is not one of refilld), and the time at which it was made.

    Raises TransferError if it cannot be read, or UnreachableError if pg_restore is missing.
    """
    require_program("pg_restore", 0)
    contents = run("pg_restore", "--list", backup)
    if f" {_REVISION} " not in contents:
        return None, None
    rows = run("pg_restore", "--data-only", f"--table={_REVISION}", "--file=-", backup)
    revision = re.search(r"(?m)^COPY .*\n(\w+)$", rows)
    made = re.search(r"Archive created at (\S+ \S+)", contents)
    at = None if made is None else datetime.fromisoformat(made[1]).replace(tzinfo=UTC)
    return None if revision is None else revision[1], at
