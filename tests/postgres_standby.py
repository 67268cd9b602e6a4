"""A PostgreSQL primary with a streaming standby, which is promoted when the primary is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.postgres_server import control, own_server, standby_of, url_of

SYNCHRONOUS = (
    "CREATE DATABASE refilld",
    "ALTER DATABASE refilld SET synchronous_commit = remote_apply",
    "ALTER SYSTEM SET synchronous_standby_names = '*'",
    "SELECT pg_reload_conf()",
)
"""A commit is answered when a standby shows it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The directories of the two servers."""

    primary: Path
    standby: Path

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database on whichever server can be written."""
        url = make_url(url_of(self.primary, "refilld", target_session_attrs="read-write"))
        return url.update_query_dict({"host": [str(self.primary), str(self.standby)]}).render_as_string()

    @property
    def standby_url(self) -> str:
        """SQLAlchemy's URL of the database on the standby, whatever that can do."""
        return url_of(self.standby, "refilld")

    def fail_over(self) -> None:
        """Kill the primary, and promote the standby."""
        control(self.primary, "-m", "immediate", "stop")
        control(self.standby, "promote")


@contextmanager
def replicated() -> Iterator[Pair]:
    """A primary with an empty database `refilld`, whose commits wait for the standby."""
    with own_server() as primary, standby_of(primary) as standby:
        with psycopg.connect(host=str(primary), user="postgres", autocommit=True) as admin:
            for statement in SYNCHRONOUS:
                admin.execute(statement.encode())
        yield Pair(primary, standby)
