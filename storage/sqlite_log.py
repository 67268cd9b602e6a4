"""SQLite's write-ahead log: copied into the database file while nobody commits, by whoever has made it large.

SQLite before 3.51.3 may corrupt the file if one connection commits while another checkpoints.
"""

from sqlite3 import SQLITE_BUSY, OperationalError
from sqlite3 import Connection as SQLiteConnection

LARGEST = 16 << 20
"""Bytes of the log beyond which a writer copies it into the file.

The next write begins at its start and leaves so many bytes: a commit that writes over them takes half as long
as one that extends the log.
"""
_FURTHER = 4 << 20
"""Bytes after which it is tried again while a reader prevents that the log begins anew."""


class LogLimit:
    """Tells when the log is to be copied."""

    def __init__(self) -> None:
        self._next = LARGEST

    def reached(self, size: int) -> bool:
        """Whether a log of this size is to be copied now."""
        if size <= LARGEST:
            self._next = LARGEST
        if size <= self._next:
            return False
        self._next = size + _FURTHER
        return True


def copy_into_file(writer: SQLiteConnection, other: SQLiteConnection) -> None:
    """Copy the log into the file by the other connection, while the writer keeps all others from writing.

    Does nothing while another process writes.
    """
    try:
        writer.execute("BEGIN IMMEDIATE").close()
    except OperationalError as error:
        if error.sqlite_errorcode != SQLITE_BUSY:
            raise
        return
    try:
        other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        writer.execute("ROLLBACK").close()
