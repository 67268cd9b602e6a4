"""Free space of a SQLite file: pages of deleted rows are given back to the file system.

PostgreSQL's autovacuum needs no help.
"""

from sqlite3 import Connection as SQLiteConnection
from sqlite3 import OperationalError

_INCREMENTAL = 2
_SLACK = 10
"""One page in so many may stay free, for the rows of the next days."""


def prepare(raw: SQLiteConnection) -> None:
    """Let free pages of a new file be given back in steps; no effect on a file with tables."""
    if _pragma(raw, "page_count") == 0:
        raw.execute("PRAGMA auto_vacuum = INCREMENTAL").close()


def release(raw: SQLiteConnection, pages: int) -> bool:
    """Give back up to `pages` free pages; return whether more should be given back."""
    if not can_release(raw):
        return False
    surplus = _pragma(raw, "freelist_count") - _pragma(raw, "page_count") // _SLACK
    if surplus <= 0:
        return False
    # The statement frees one page a step and returns no rows: only executescript runs it to its end.
    raw.executescript(f"PRAGMA incremental_vacuum({min(surplus, pages)})").close()
    return surplus > pages


def can_release(raw: SQLiteConnection) -> bool:
    """Whether pages can be given back in steps: not in a file of an older version, before `compact`."""
    return _pragma(raw, "auto_vacuum") == _INCREMENTAL


def compact(raw: SQLiteConnection) -> None:
    """Rewrite the file without free pages, so that pages can be given back in steps from then on."""
    raw.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
    raw.execute("VACUUM").close()
    if not empty_log(raw):
        raise OperationalError("database is locked")


def empty_log(raw: SQLiteConnection) -> bool:
    """Truncate the write-ahead log; False if another process prevents that."""
    ((busy, *_),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return not busy


def _pragma(raw: SQLiteConnection, name: str) -> int:
    return int(raw.execute(f"PRAGMA {name}").fetchone()[0])
