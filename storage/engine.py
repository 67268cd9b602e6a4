"""Opening the database: SQLite by default, PostgreSQL when one machine is not enough.

SQLite: WAL, every commit on disk (`synchronous=FULL`), one writer connection per process with all
writers queueing for it, `BEGIN IMMEDIATE`, no mmap. Only the daemon checkpoints: SQLite before
3.51.3 may corrupt a WAL database when two connections commit and checkpoint at the same moment.
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
_SECRETS = ("password", "sslpassword")  # what libpq also takes behind the question mark
_MOST_READERS = 16
_AFTER_COMMIT = "after_commit"

Transaction: TypeAlias = Connection
"""An open transaction, handed by jobs to the queries that write in it."""


class Database:
    """One database, opened once per process; every use is a transaction on one of two kinds of connection."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open the database of a URL; a missing SQLite file is created, or else NotMigratedError."""
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
        """Where it is, for people: the whole path of a file, else the name."""
        return self.name if self.path is None else str(self.path.resolve())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back on any error."""
        calls: list[Callable[[], None]] = []
        with _mapped_errors(self.name), self._writers.begin() as connection:
            connection.info[_AFTER_COMMIT] = calls
            yield connection
        for call in calls:
            call()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with _mapped_errors(self.name), self._readers.begin() as connection:
            yield connection

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file (SQLite; the daemon alone calls this)."""
        if self.sqlite:
            with _mapped_errors(self.name), self._writers.connect() as connection:
                raw = connection.connection.driver_connection
                if isinstance(raw, SQLiteConnection):
                    raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def quick_check(self) -> None:
        """Let SQLite check its file; raises UnreachableError when it is damaged."""
        if self.sqlite:
            with self.read() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar()
            if verdict != "ok":
                raise UnreachableError(f"database {self.name} is damaged: {verdict}; restore a backup")

    def close(self) -> None:
        self._writers.dispose()
        self._readers.dispose()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call a function once the transaction of `Database.write` is committed; never when it is rolled back."""
    connection.info[_AFTER_COMMIT].append(call)


def advisory_lock(connection: Connection, purpose: str) -> None:
    """Let nobody else into the same purpose until the commit; SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:purpose))"), {"purpose": purpose})


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the connection's dialect, which can say what becomes of a row that is there already."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def parse_url(url: str) -> URL:
    """Read a database URL; raises BadInputError, which shows nothing of the URL but the engine's name."""
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
    if "@" in (parsed.host or ""):  # the rest of a password, which would be seen in messages
        raise BadInputError("database.url", "has a password with a bare @; write it as %40")
    return parsed.set(drivername=driver)


def _is_missing(path: Path) -> bool:
    """Whether there is no such file; UnreachableError where nobody lets us look."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error
    return False


def _create_private_file(url: URL) -> None:
    """Create a missing SQLite file readable by its owner only: it names customers."""
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:  # and is not opened here: closing it would drop the locks SQLite has on it
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
        hide_parameters=True,  # they hold lease tokens and customers, and messages reach the log
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(raw: SQLiteConnection, _record: object) -> None:
        raw.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}").close()
        _enter_wal(raw)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _enter_wal(raw: SQLiteConnection, tries: int = 10) -> None:
    """Turn the write-ahead log on.

    Those who open a new file at once get in each other's way here, and SQLite itself does not wait.
    """
    try:
        raw.execute("PRAGMA journal_mode = WAL").close()
    except SQLiteOperationalError:
        if tries == 0:
            raise
        raw.execute("BEGIN IMMEDIATE").close()  # waits until the other is out of the way
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
