"""New private files: on disk completely under their name, or not at all."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from storage.errors import TransferError


@contextmanager
def new_private_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty file beside `path`, readable by its owner only, that becomes `path` at the end.

    After an error it is removed. Raises TransferError if the file cannot be written, or if there is a file
    of that name already and `replace` is not set.
    """
    try:
        target = path.resolve()
        if target.exists() and not (replace and target.is_file()):
            raise _exists(path, target)
        handle, name = mkstemp(prefix=_prefix(target), dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            sync(temporary)
            if replace:
                temporary.replace(target)
            else:
                os.link(temporary, target)  # unlike a rename, it fails if there is a file by now
            sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise _exists(path, path) from None
    except OSError as error:
        raise TransferError(f"{path}: cannot be written: {error.strerror or error}") from error


def remove_left(path: Path) -> None:
    """Remove what a process that was killed left of a new file for this path; no other may be writing one."""
    for left in path.parent.glob(f"{glob.escape(_prefix(path))}????????*"):
        left.unlink(missing_ok=True)


def _prefix(target: Path) -> str:
    return f".{target.name}.new."


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
