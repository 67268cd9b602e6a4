"""The file of a SQLite database: whether its path still leads to the file that this process has open.

A process that goes on with a file that was moved, deleted or replaced writes to where nobody reads. A
write-ahead log that is opened with another database file than its own corrupts that file.
"""

import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TypeAlias

from storage.errors import DatabaseFileError, UnreachableError

Identity: TypeAlias = tuple[int, int]
"""Device and inode number."""


class DatabaseFile:
    """The path of a database, and the identities of its file and write-ahead log once they are open."""

    def __init__(self, path: Path) -> None:
        self.path = path = path.absolute()
        self._wal_path = Path(f"{path.resolve()}-wal")  # SQLite puts it beside the file, not beside a link
        self._lock_path = lock_path(path)
        self._file: Identity | None = None
        self._wal: Identity | None = None
        self._checking = Lock()  # what one thread has seen must not be judged by what another sees later
        self._remembered: list[Identity] = []
        self.log_size = 0
        """Bytes of the write-ahead log at the last check."""

    def opening(self) -> None:
        """A connection is about to open the file."""
        self._file = self._file or _identity(self.path)

    def opened(self) -> None:
        """A connection has opened the file; raises DatabaseFileError if another took its place meanwhile."""
        self.opening()
        self.check()

    def closed(self) -> None:
        """A connection was closed; SQLite deletes the write-ahead log with the last one."""
        with self._checking:
            self._wal = None

    def check(self) -> None:
        """Raise DatabaseFileError when the path leads to another file, or to none."""
        if self._file is not None:
            with self._checking:
                self._check_file()
                self._check_wal()

    def _check_file(self) -> None:
        now = _identity(self.path)
        if now is None:
            raise DatabaseFileError(f"{self.path} was moved or deleted while refilld used it; {_PUT_BACK}")
        if now != self._file:
            raise DatabaseFileError(
                f"{self.path} was replaced by another file while refilld used it; put the old file back, or "
                f"go on with this one: rm {_quoted(self._wal_path, Path(f'{self.path.resolve()}-shm'))}"
            )

    def _check_wal(self) -> None:
        found = _found(self._wal_path)
        wal = _identity_of(found)
        self.log_size = 0 if found is None else found.st_size
        if self._wal is not None and wal != self._wal:
            raise DatabaseFileError(
                f"{self._wal_path} was moved, deleted or replaced while refilld used it; put it back if it "
                "was moved, check the database with refilld db check, and start refilld again"
            )
        self._wal = wal

    def remember(self) -> None:
        """Write the identities into the lock file, for `refuse_foreign` at the next start."""
        known = [one for one in (self._file, self._wal) if one is not None]
        if known != self._remembered:
            with suppress(OSError):  # a full disk must not stop the daemon
                self._lock_path.write_text(json.dumps(known), encoding="utf-8")
                self._remembered = known


_PUT_BACK = "put it back with its -wal file, and start refilld again"


def _quoted(*paths: Path) -> str:
    return shlex.join(map(str, paths))


def lock_path(path: Path) -> Path:
    """The lock file of the daemon, beside the database."""
    return Path(f"{path.resolve()}.lock")


def refuse_foreign(path: Path) -> None:
    """Raise DatabaseFileError when a daemon used another file here, which is gone or left its log behind."""
    path = path.absolute()
    file, wal = _remembered(lock_path(path))
    if file is None:
        return
    now = _identity(path)
    if now is None:
        raise DatabaseFileError(
            f"{path} is gone, but a daemon has used it; put it back with its -wal file, restore a backup "
            f"with refilld db restore FILE, or begin with an empty database: rm {_quoted(lock_path(path))}"
        )
    left, index = (Path(f"{path.resolve()}-{end}") for end in ("wal", "shm"))
    if now != file and wal is not None and _identity(left) == wal and left.stat().st_size > 0:
        raise DatabaseFileError(
            f"{path} is another file than the one to which {left} belongs, and SQLite would mix them; put "
            f"the old file back, or give up its last changes: rm {_quoted(left, index)}"
        )


def _remembered(lock: Path) -> tuple[Identity | None, Identity | None]:
    """The identities of the file and the write-ahead log when a daemon last ran; None if not known."""
    try:
        file, *wal = [(int(device), int(inode)) for device, inode in json.loads(lock.read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return None, None
    return file, wal[0] if wal else None


def _identity(path: Path) -> Identity | None:
    """Device and inode of a file; None when there is none."""
    return _identity_of(_found(path))


def _identity_of(found: os.stat_result | None) -> Identity | None:
    return None if found is None else (found.st_dev, found.st_ino)


def _found(path: Path) -> os.stat_result | None:
    """A file as it is; None when there is none."""
    try:
        return os.stat(path)  # noqa: PTH116  # called before each write, and faster than Path.stat
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreachableError(f"cannot open {path}: {error.strerror}") from error
