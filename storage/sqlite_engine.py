"""SQLite: the database file, and an engine on it.

WAL, every commit on disk (`synchronous=FULL`), `BEGIN IMMEDIATE` for writers, no mmap. Only the daemon
checkpoints: SQLite before 3.51.3 may corrupt a WAL database if one connection commits while another
checkpoints.
"""

import os
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError as SQLiteOperationalError

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from storage.errors import UnreachableError

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 30000",
    "mmap_size = 0",
    "wal_autocheckpoint = 0",
    "cache_size = -32768",
)


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


def open_engine(url: URL, *, connections: int, begin: str) -> Engine:
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
        enter_wal(raw)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def empty_log(raw: SQLiteConnection, *, rewrite: bool) -> bool:
    """Truncate the write-ahead log, after rewriting the file if `rewrite`; False if that is prevented."""
    if rewrite:
        try:
            raw.execute("VACUUM").close()
        except SQLiteOperationalError:
            return False
    ((busy, *_),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not busy


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
