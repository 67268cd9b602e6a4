"""Whether the disk under a SQLite file has room.

A write may succeed on a full disk, because it reuses room within the write-ahead log; the next larger one
fails.
"""

import errno
import os
from pathlib import Path

ROOM = 256 * 1024
"""Bytes that must be free for the next transactions."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def shortage(folder: Path) -> str | None:
    """Why no room can be allocated in the folder; None if there is room, or if that cannot be tried."""
    try:
        handle = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        return error.strerror if error.errno in _FULL else None
    try:
        os.posix_fallocate(handle, 0, ROOM)
    except OSError as error:
        return error.strerror if error.errno in _FULL else None
    finally:
        os.close(handle)
    return None
