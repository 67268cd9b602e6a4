"""The database engines: SQLite by default, PostgreSQL if one machine is not enough.

SQLite: WAL, every commit on disk (`synchronous=FULL`), one writer connection per process for which all
writers queue, `BEGIN IMMEDIATE`, no mmap. Only the daemon checkpoints: SQLite before 3.51.3 may corrupt a
WAL database if one connection commits while another checkpoints.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteOperationalError
from typing import TypeAlias

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from monitor.errors import BadInputError
from storage.errors import NotMigratedError, UnreachableError, domain_error

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 30000",
    "mmap_size = 0",
    "wal_autocheckpoint = 0",
    "cache_size = -32768",
)
_ENGINES = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
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
            if not create and self.path is not None and _is_missing(self.path):
                raise NotMigratedError(f"there is no database {self.place}; run: refilld init")
            _create_private_file(parsed)
            self._writers = _sqlite(parsed, connections=1, begin="BEGIN IMMEDIATE")
            self._readers = _sqlite(parsed, connections=_MOST_READERS, begin="BEGIN")
        else:
            self._writers = _postgresql(parsed)
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


def parse_url(url: str) -> URL:
    """Parse a database URL; raises BadInputError, which shows no part of the URL except the engine."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise BadInputError("database.url", "not a database URL; write sqlite:///refilld.db") from None
    driver = _ENGINES.get(parsed.get_backend_name())
    if driver is None:
        known = "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        raise BadInputError("database.url", f"unknown engine {parsed.drivername!r}; write {known}")
    no_file = parsed.database in {None, "", ":memory:"} or parsed.host or parsed.query
    if driver.startswith("sqlite") and no_file:
        raise BadInputError("database.url", "does not name just a file; write sqlite:///refilld.db")
    if "@" in (parsed.host or ""):  # the end of a password, which would appear in messages
        raise BadInputError("database.url", "has a password with a bare @; write it as %40")
    return parsed.set(drivername=driver)


def _is_missing(path: Path) -> bool:
    """Whether the file is missing; raises UnreachableError if that cannot be checked."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error
    return False


def _create_private_file(url: URL) -> None:
    """Create a missing SQLite file, readable by its owner only because it names customers."""
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:  # not opened here: closing it would drop SQLite's locks on it
        if not path.is_file():
            raise UnreachableError(f"cannot open {path}: it is not a file") from None
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error


def _sqlite(url: URL, *, connections: int, begin: str) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,  # they contain lease tokens and customers, and errors are logged
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(raw: SQLiteConnection, _record: object) -> None:
        raw.isolation_level = None  # the driver must not begin transactions itself
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}").close()
        _enter_wal(raw)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _enter_wal(raw: SQLiteConnection, tries: int = 10) -> None:
    """Switch to WAL.

    Processes that open a new file at the same time conflict here, and SQLite does not apply its busy timeout.
    """
    try:
        raw.execute("PRAGMA journal_mode = WAL").close()
    except SQLiteOperationalError:
        if tries == 0:
            raise
        raw.execute("BEGIN IMMEDIATE").close()  # waits for the other process
        raw.execute("ROLLBACK").close()
        _enter_wal(raw, tries - 1)


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_size=_MOST_READERS, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise UnreachableError("PostgreSQL needs its driver, the extra postgres of refilld") from error


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
