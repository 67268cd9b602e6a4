"""New private files: on disk completely under their name, or not at all."""

import fcntl
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from storage.errors import TransferError

_MARK = ".refilld-new."
"""In the names of files that are being written."""


@contextmanager
def new_private_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty file beside `path`, readable by its owner only, that becomes `path` at the end.

    After an error it is removed; what a killed process has left is removed with the next new file in the
    folder. Raises TransferError if the file cannot be written, or if there is a file of that name already and
    `replace` is not set.
    """
    try:
        target = path.resolve()
        if target.exists() and not (replace and target.is_file()):
            raise _exists(path, target)
        _remove_left(target.parent)
        with _locked_temporary(target) as temporary:
            yield temporary
            sync(temporary)
            if replace:
                temporary.replace(target)
            else:
                os.link(temporary, target)  # unlike a rename, it fails if there is a file by now
            sync(target.parent)
    except FileExistsError:
        raise _exists(path, path) from None
    except OSError as error:
        raise TransferError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _locked_temporary(target: Path) -> Iterator[Path]:
    """Give an empty file beside the target, locked as long as it is written."""
    handle, temporary = _created(target)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        os.close(handle)


def _created(target: Path) -> tuple[int, Path]:
    while True:
        handle, name = mkstemp(prefix=f".{target.name}{_MARK}", dir=target.parent)
        with suppress(OSError):  # a file system without locks: then nobody else can lock it either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another process took it for one that was left


def _remove_left(folder: Path) -> None:
    """Remove what processes that were killed left of new files in a folder: those that nobody has locked."""
    for left in folder.glob(f".*{_MARK}????????"):
        with suppress(OSError), left.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for log in folder.glob(f"{glob.escape(left.name)}-*"):
                log.unlink(missing_ok=True)
            left.unlink(missing_ok=True)


def _exists(path: Path, target: Path) -> TransferError:
    if target.is_file():
        return TransferError(f"{path} exists already; give another name, or replace it with --force")
    return TransferError(f"{path} is not a file")


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
