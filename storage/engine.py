"""The database: SQLite by default, PostgreSQL if one machine is not enough.

Writers and readers have connections of their own; SQLite has one writer per process, for which all writers
queue.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_ERROR, SQLITE_FULL, SQLITE_IOERR
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import Error as SQLiteError
from typing import TypeAlias

from sqlalchemy import Connection, Table, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from storage import database_file, disk_space, postgresql_engine, sqlite_engine
from storage.database_file import DatabaseFile
from storage.database_url import parse_url
from storage.errors import NotMigratedError, UnreachableError, WrongStatementError, domain_error

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
        self.write_fault: str | None = None
        """Why the last transaction that may write failed; None when it was committed."""
        self.space_fault: str | None = None
        """Why `probe_space` found no room; None when there was room."""
        self._file = None if self.path is None else DatabaseFile(self.path)
        if self.path is not None and self._file is not None:
            database_file.refuse_foreign(self.path)
            if not create and sqlite_engine.is_missing(self.path):
                raise NotMigratedError(f"there is no database {self.place}; run: refilld init")
            sqlite_engine.create_private_file(parsed)
            self._writers = sqlite_engine.open_engine(
                parsed, self._file, connections=1, begin="BEGIN IMMEDIATE"
            )
            self._readers = sqlite_engine.open_engine(
                parsed, self._file, connections=_MOST_READERS, begin="BEGIN"
            )
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
        try:
            self.require_in_place()
            with _mapped_errors(self.name), self._writers.begin() as connection:
                info = connection.info  # of the pooled connection; emptied if that is lost
                info[_AFTER_COMMIT] = calls
                try:
                    yield connection
                finally:
                    info.pop(_AFTER_COMMIT, None)
        except UnreachableError as error:
            self.write_fault = str(error)
            raise
        self.write_fault = None
        for call in calls:
            call()

    def require_in_place(self) -> None:
        """Raise DatabaseMovedError when the open SQLite file was moved, deleted or replaced."""
        if self._file is not None:
            self._file.check()

    @property
    def storage_fault(self) -> str | None:
        """Why the database cannot be written; None while it can."""
        return self.write_fault or self.space_fault

    def probe_space(self) -> None:
        """Find out whether the disk of a SQLite file has room for the next transactions."""
        if self.path is not None:
            reason = disk_space.shortage(self.path.absolute().parent)
            self.space_fault = None if reason is None else f"database {self.name}: {reason}"

    def remember_file(self) -> None:
        """Let the next start recognise the SQLite file; only the daemon calls this."""
        if self._file is not None:
            self._file.remember()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with _mapped_errors(self.name), self._readers.begin() as connection:
            yield connection

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database file (SQLite); only the daemon calls this."""
        if self.sqlite:
            self.require_in_place()
            with _mapped_errors(self.name), self._writers.connect() as connection:
                raw = connection.connection.driver_connection
                if isinstance(raw, SQLiteConnection):
                    raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

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


def _remedy(error: BaseException | None) -> str:
    """What to do about an error of SQLite; the kind of an extended code is its lowest byte."""
    code = getattr(error, "sqlite_errorcode", None)
    kind = None if code is None else code & 0xFF
    return {SQLITE_FULL: "; make room", SQLITE_IOERR: "; is the disk full or broken?"}.get(kind or 0, "")


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
    except SQLiteError as error:  # of a statement that SQLAlchemy has not run
        raise UnreachableError(f"database {name}: {error}{_remedy(error)}") from error
    except DBAPIError as error:
        if error.statement is not None and type(error) not in {OperationalError, DatabaseError}:
            raise
        if getattr(error.orig, "sqlite_errorcode", None) == SQLITE_ERROR:
            raise WrongStatementError(f"database {name}: {_first_line(error)}") from error
        raise UnreachableError(f"database {name}: {_first_line(error)}{_remedy(error.orig)}") from error
