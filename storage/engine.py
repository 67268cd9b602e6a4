"""The database: SQLite by default, PostgreSQL if one machine is not enough.

Writers and readers have connections of their own; SQLite has one writer per process, for which all writers
queue. Every wait has an end (`storage.patience`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from copy import copy
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from threading import Event
from time import monotonic
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, RootTransaction, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from storage import (
    database_file,
    disk_space,
    postgresql_engine,
    sqlite_engine,
    sqlite_log,
    sqlite_space,
)
from storage.database_file import DatabaseFile
from storage.database_url import parse_url, read_url
from storage.errors import NotMigratedError, UnreachableError
from storage.mapped_errors import MappedErrors
from storage.patience import WORK, Patience, Waits
from storage.postgresql_listener import NotificationListener
from storage.sqlite_engine import KeptConnection, WriterTurn
from storage.sqlite_log import LogLimit
from storage.storage_faults import StorageFaults

_SECRETS = ("password", "sslpassword")  # libpq accepts these in the query of a URL
_MOST_READERS = 16
_AFTER_COMMIT = "after_commit"

Transaction: TypeAlias = Connection
"""An open transaction, passed to queries."""


class Database:
    """One database, opened once per process, with separate connections for writing and reading."""

    def __init__(self, url: str, *, create: bool = True, patience: Patience = WORK) -> None:
        """Open the database of a URL; a missing SQLite file is created if `create`, else NotMigratedError."""
        parsed = parse_url(url)
        self.name = read_url(url).difference_update_query(_SECRETS).render_as_string(hide_password=True)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self.path = Path(parsed.database or "") if self.sqlite else None
        self._patience = patience
        self._waits = Waits()
        self._turn = WriterTurn(self._waits) if self.sqlite else None
        self._faults = StorageFaults()
        self._mapped_errors = MappedErrors(self.name)
        self._file = None if self.path is None else DatabaseFile(self.path)
        self._log_limit = LogLimit()
        if self.path is not None and self._file is not None:
            database_file.refuse_foreign(self.path)
            if not create and sqlite_engine.is_missing(self.path):
                raise NotMigratedError(f"there is no database {self.place}; run: refilld init")
            sqlite_engine.create_private_file(parsed)
            opened = partial(sqlite_engine.open_engine, parsed, self._file)
            self._writers, self._readers = opened(connections=1), opened(connections=_MOST_READERS)
            self._kept = KeptConnection(self._writers)
            begin = partial(sqlite_engine.begin, waits=self._waits)
            self._to_write = _Access(
                self._kept.connect, partial(begin, command="BEGIN IMMEDIATE"), self._turn
            )
            self._to_read = _Access(self._readers.connect, partial(begin, command="BEGIN"))
        else:
            self._writers = self._readers = postgresql_engine.open_engine(parsed, self._waits)
            self._kept = KeptConnection(self._writers)
            self._to_write = self._to_read = _Access(self._writers.connect, postgresql_engine.begin)

    @property
    def place(self) -> str:
        """The absolute path of a SQLite file, or the URL without secrets."""
        return self.name if self.path is None else str(self.path.resolve())

    @property
    def url(self) -> str:
        """The URL without secrets; it names a SQLite file by its absolute path."""
        return self.name if self.path is None else f"sqlite:///{self.place}"

    def with_patience(self, patience: Patience) -> "Database":
        """The same database for work with other limits of waiting."""
        other = copy(self)
        other._patience = patience  # noqa: SLF001  # its own class
        return other

    def capped(self, patience: Patience) -> "Database":
        """The same database with these limits, and a shorter one for statements if that is configured."""
        return self.with_patience(patience.capped(self._patience.statement))

    def shorten_waits_when(self, stopping: Event) -> None:
        """Let no wait last longer than a few seconds once the event is set."""
        self._waits.shorten_when(stopping)

    @contextmanager
    def write(self, *, single: bool = False) -> Iterator[Connection]:
        """One transaction that may write: committed at the end, rolled back on any error.

        `single`: only one of its statements writes. On PostgreSQL it may then be a transaction of its own,
        without the waits for BEGIN and COMMIT; what is read besides is read before or after it.
        """
        calls: list[Callable[[], None]] = []
        try:
            self.require_in_place()
            options: dict[str, object] = {"single": single, _AFTER_COMMIT: calls}
            with self._transaction(self._to_write, options) as connection:
                yield connection
        except UnreachableError as error:
            self._faults.write = str(error)
            raise
        self._faults.write = None
        for call in calls:
            call()
        self._limit_log()

    def require_in_place(self) -> None:
        """Raise DatabaseFileError when the open SQLite file was moved, deleted or replaced."""
        if self._file is not None:
            self._file.check()

    @property
    def storage_fault(self) -> str | None:
        """Why the database cannot be written; None while it can."""
        return self._faults.write or self._faults.space

    def probe_space(self) -> None:
        """Find out whether the disk of a SQLite file has room for the next transactions."""
        if self.path is not None:
            reason = disk_space.shortage(self.path.absolute().parent)
            self._faults.space = None if reason is None else f"database {self.name}: {reason}"

    def remember_file(self) -> None:
        """Let the next start recognise the SQLite file; only the daemon calls this."""
        if self._file is not None:
            self._file.remember()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        options: dict[str, object] = {"single": False, _AFTER_COMMIT: None}
        with self._transaction(self._to_read, options) as connection:
            yield connection

    @contextmanager
    def _transaction(self, access: "_Access", options: dict[str, object]) -> Iterator[Connection]:
        if self._waits.given_up:
            raise UnreachableError(f"database {self.name}: given up, because the process is stopping")
        options |= {"patience": self._patience, "since": monotonic()}
        turn = access.turn
        with self._mapped_errors, turn.taken(self._patience) if turn else nullcontext():
            transaction = _begun(access, options)
            with _GivenBack(transaction.connection, keep=turn is not None) as connection, transaction:
                yield connection

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database file (SQLite), unless another process writes now."""
        with self._sqlite_writer() as writer:
            if writer is not None:
                with self._readers.connect() as connection:
                    other = connection.connection.driver_connection
                    if isinstance(other, SQLiteConnection):
                        sqlite_log.copy_into_file(writer, other)

    def _limit_log(self) -> None:
        """Copy the write-ahead log into the file when it is large; a fault of that undoes no commit."""
        if self._file is not None and self._log_limit.reached(self._file.log_size):
            with suppress(UnreachableError):
                self.checkpoint()

    def release_space(self, pages: int) -> bool:
        """Give up to `pages` free pages back to the file system; return whether there are more (SQLite)."""
        with self._sqlite_writer() as raw:
            return raw is not None and sqlite_space.release(raw, pages)

    def compact(self) -> None:
        """Rewrite the SQLite file without free pages and what was deleted.

        Raises UnreachableError if another process uses it.
        """
        with self._sqlite_writer() as raw:
            if raw is not None:
                sqlite_space.compact(raw)

    @contextmanager
    def _sqlite_writer(self) -> Iterator[SQLiteConnection | None]:
        """The driver's connection of the writer, outside of a transaction; None on PostgreSQL."""
        if self._turn is None:
            yield None
            return
        self.require_in_place()
        with (
            self._mapped_errors,
            self._turn.taken(self._patience),
            _GivenBack(self._kept.connect(), keep=True) as connection,
        ):
            raw = connection.connection.driver_connection
            yield raw if isinstance(raw, SQLiteConnection) else None

    def require_writable(self) -> None:
        """Raise UnreachableError if the PostgreSQL server lets this account only read, as a standby does."""
        if not self.sqlite:
            with self.read() as connection:
                answer = connection.exec_driver_sql("SHOW transaction_read_only").scalar()
            if answer == "on":
                raise UnreachableError(f"database {self.name}: the server is read-only; is it a standby?")

    def empty_log(self) -> bool:
        """Empty SQLite's write-ahead log; False if another process prevents that."""
        with self._sqlite_writer() as raw:
            return raw is None or sqlite_space.empty_log(raw)

    def quick_check(self) -> None:
        """Run SQLite's quick check; raises UnreachableError if the file is damaged."""
        if self.sqlite:
            with self.read() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check").scalar()
            if verdict != "ok":
                raise UnreachableError(f"database {self.name} is damaged: {verdict}; restore a backup")

    def listener(self, channel: str) -> NotificationListener:
        """A connection of PostgreSQL that hears the notifications of a channel."""
        return NotificationListener(self._writers, channel)

    def close(self) -> None:
        self._kept.close()
        self._writers.dispose()
        self._readers.dispose()


class _Access(NamedTuple):
    """How a transaction that writes, or one that reads, comes to its connection and begins."""

    connect: Callable[[], Connection]
    begin: Callable[[Connection], None]
    """Begin on the connection, whose `info` has the options of the transaction.

    No listener to SQLAlchemy's event does that: if there are any, each connection prepares all events anew.
    """
    turn: WriterTurn | None = None
    """For which writers queue; the connection of the one that has it is kept."""


def _begun(access: _Access, options: dict[str, object], *, retry: bool = True) -> RootTransaction:
    """A new transaction; if its pooled connection turns out to be dead, the pool is replaced."""
    connection = access.connect()
    try:
        connection.info.update(options)
        transaction = connection.begin()
        access.begin(connection)
    except BaseException as error:
        connection.close()
        if retry and isinstance(error, DBAPIError) and error.connection_invalidated:
            return _begun(access, options, retry=False)
        raise
    return transaction


class _GivenBack:
    """A context that gives a connection back to its pool at the end; one that is kept only after an error."""

    def __init__(self, connection: Connection, *, keep: bool) -> None:
        self._connection = connection
        self._keep = keep

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None or not self._keep:
            self._connection.close()


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Call a function once the transaction of `Database.write` is committed; never when it is rolled back.

    Raises TypeError in a transaction that only reads. A call that raises prevents those added after it.
    """
    connection.info[_AFTER_COMMIT] += [call]


def once_after_commit(connection: Connection, call: Callable[[], None]) -> bool:
    """The same, unless the transaction has this call already; returns whether it is new."""
    is_new = call not in connection.info[_AFTER_COMMIT]
    if is_new:
        after_commit(connection, call)
    return is_new


def advisory_lock(connection: Connection, purpose: str) -> None:
    """Take the lock of a purpose until the commit; not needed on SQLite, which has one writer at a time."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:purpose))"), {"purpose": purpose})


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT in the connection's dialect, which supports ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
