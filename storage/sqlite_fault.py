"""The fault of SQLite that may corrupt a write-ahead log, and the versions that are free of it.

When two connections commit and checkpoint at the same moment; mended in 3.51.3, 3.50.7 and 3.44.6.
"""

import sqlite3
from typing import TypeAlias

Version: TypeAlias = tuple[int, int, int]
_MENDED_IN: Version = (3, 51, 3)
_ALSO_MENDED: frozenset[Version] = frozenset({(3, 44, 6), (3, 50, 7)})


def may_corrupt(version: Version = sqlite3.sqlite_version_info) -> bool:
    """Whether this version of the library has the fault."""
    return version < _MENDED_IN and version not in _ALSO_MENDED
