"""SQLite: the database file, and an engine on it.

WAL, every commit on disk (`synchronous=FULL`), `BEGIN IMMEDIATE` for writers, no mmap. SQLite makes no
checkpoint by itself; `sqlite_log` does, while nobody commits.
"""

import os
from pathlib import Path
from sqlite3 import SQLITE_BUSY
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteOperationalError
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from storage import sqlite_hints, sqlite_log, sqlite_space
from storage.database_file import DatabaseFile
from storage.errors import UnreachableError
from storage.patience import Patience, Waits

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 1000",  # one try to lock the file; a transaction tries until its patience ends
    "mmap_size = 0",
    "wal_autocheckpoint = 0",
    f"journal_size_limit = {sqlite_log.LARGEST}",
    "cache_size = -32768",
)
_PACE = 0.25
"""Seconds between two checks whether a wait must end."""


def is_missing(path: Path) -> bool:
    """Whether the file is missing; raises UnreachableError if that cannot be checked."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error
    return False


def create_private_file(url: URL) -> None:
    """Create a missing SQLite file, readable by its owner only because it names customers."""
    path = Path(url.database or "")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:  # not opened here: closing it would drop SQLite's locks on it
        if not path.is_file():
            raise UnreachableError(f"cannot open {path}: it is not a file") from None
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error


class WriterTurn:
    """The turn to write: the writers of one process queue here."""

    def __init__(self, waits: Waits) -> None:
        self._lock = Lock()
        self._waits = waits

    def taken(self, patience: Patience) -> "WriterTurn":
        """Take the turn for a `with`; raises SQLAlchemy's TimeoutError if it does not come in time."""
        start = monotonic()
        while not self._lock.acquire(timeout=min(_PACE, patience.turn)):
            if self._waits.over(start, patience.turn):
                raise PoolTimeoutError
        return self

    def __enter__(self) -> None:
        """The turn is taken already."""

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class KeptConnection:
    """The connection of SQLite's writers, kept between transactions: giving it back takes as long as many."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def connect(self) -> Connection:
        """The connection, for the writer that has the turn."""
        if self._connection is None or self._connection.closed:
            self._connection = self._engine.connect()
        return self._connection

    def close(self) -> None:
        """Give it back, unless a transaction is under way."""
        if self._connection is not None and not self._connection.in_transaction():
            self._connection.close()


def open_engine(url: URL, file: DatabaseFile, *, connections: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,  # they contain lease tokens and customers, and errors are logged
        connect_args={"check_same_thread": False},
    )

    sqlite_hints.write_hints(engine)
    event.listen(engine, "do_connect", lambda *_: file.opening())
    event.listen(engine, "close", lambda *_: file.closed())

    @event.listens_for(engine, "connect")
    def _configure(raw: SQLiteConnection, _record: object) -> None:
        raw.isolation_level = None  # the driver must not begin transactions itself
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}").close()
        file.opened()
        sqlite_space.prepare(raw)
        enter_wal(raw)
        file.opened()

    return engine


def begin(connection: Connection, *, command: str, waits: Waits) -> None:
    """Begin a transaction with this command, as soon as no other process locks the file."""
    options = connection.info
    raw: Any = connection.connection.dbapi_connection
    while True:
        try:
            raw.execute(command).close()
        except SQLiteOperationalError as error:
            if not _is_busy(error) or waits.over(options["since"], options["patience"].turn):
                raise
        else:
            return


def _is_busy(error: SQLiteOperationalError) -> bool:
    return error.sqlite_errorcode == SQLITE_BUSY


def enter_wal(raw: SQLiteConnection, tries: int = 10) -> None:
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
        enter_wal(raw, tries - 1)
