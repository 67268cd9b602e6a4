"""The database: SQLite by default, PostgreSQL if one machine is not enough.

Writers and readers have connections of their own; SQLite has one writer per process, for which all writers
queue.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import TypeAlias

from sqlalchemy import Connection, Table, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from storage import postgresql_engine, sqlite_engine
from storage.database_url import parse_url
from storage.errors import NotMigratedError, UnreachableError, domain_error

_SECRETS = ("password", "sslpassword")  # libpq accepts these in the query of a URL
_MOST_READERS = 16
_AFTER_COMMIT = "after_commit"

Transaction: TypeAlias = Connection
"""An open transaction, passed to queries."""


class Database:
    """One database, opened once per process, with separate connections for writing and reading."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open the database of a URL; a missing SQLite file is created if `create`, else NotMigratedError."""
        parsed = parse_url(url)
        self.name = make_url(url).difference_update_query(_SECRETS).render_as_string(hide_password=True)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.path = Path(parsed.database or "") if self.sqlite else None
        if self.sqlite:
            if not create and self.path is not None and sqlite_engine.is_missing(self.path):
                raise NotMigratedError(f"there is no database {self.place}; run: refilld init")
            sqlite_engine.create_private_file(parsed)
            self._writers = sqlite_engine.open_engine(parsed, connections=1, begin="BEGIN IMMEDIATE")
            self._readers = sqlite_engine.open_engine(parsed, connections=_MOST_READERS, begin="BEGIN")
        else:
            self._writers = postgresql_engine.open_engine(parsed)
            self._readers = self._writers

    @property
    def place(self) -> str:
        """The absolute path of a SQLite file, or the URL without secrets."""
        return self.name if self.path is None else str(self.path.resolve())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back on any error."""
        calls: list[Callable[[], None]] = []
        with _mapped_errors(self.name), self._writers.begin() as connection:
            info = connection.info  # of the pooled connection; emptied if that is lost
            info[_AFTER_COMMIT] = calls
            try:
                yield connection
            finally:
                info.pop(_AFTER_COMMIT, None)
        for call in calls:
            call()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with _mapped_errors(self.name), self._readers.begin() as connection:
            yield connection

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database file (SQLite); only the daemon calls this."""
        if self.sqlite:
            with _mapped_errors(self.name), self._writers.connect() as connection:
                raw = connection.connection.driver_connection
                if isinstance(raw, SQLiteConnection):
                    raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def empty_log(self, *, rewrite: bool = False) -> bool:
        """Empty SQLite's write-ahead log; with `rewrite`, first rewrite the file without what was deleted.

        False if another process prevents that. The caller holds the lock of the daemon.
        """
        if not self.sqlite:
            return True
        with _mapped_errors(self.name), self._writers.connect() as connection:
            raw = connection.connection.driver_connection
            return isinstance(raw, SQLiteConnection) and sqlite_engine.empty_log(raw, rewrite=rewrite)

    def quick_check(self) -> None:
        """Run SQLite's quick check; raises UnreachableError if the file is damaged."""
        if self.sqlite:
            with self.read() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar()
            if verdict != "ok":
                raise UnreachableError(f"database {self.name} is damaged: {verdict}; restore a backup")

    def close(self) -> None:
        self._writers.dispose()
        self._readers.dispose()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call a function once the transaction of `Database.write` is committed; never when it is rolled back.

    Raises KeyError in a transaction that only reads. A call that raises prevents those added after it.
    """
    connection.info[_AFTER_COMMIT].append(call)


def advisory_lock(connection: Connection, purpose: str) -> None:
    """Take the lock of a purpose until the commit; not needed on SQLite, which has one writer at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:purpose))"), {"purpose": purpose})


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the connection's dialect, which supports ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]


@contextmanager
def _mapped_errors(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        mapped = domain_error(error)
        if mapped is None:
            raise
        raise mapped from error
    except PoolTimeoutError as error:
        raise UnreachableError(f"database {name}: busy; no connection came free in time") from error
    except DBAPIError as error:
        if error.statement is not None and type(error) not in {OperationalError, DatabaseError}:
            raise
        raise UnreachableError(f"database {name}: {_first_line(error)}") from error
