"""The defect of SQLite that may corrupt a WAL database, and the versions without it.

It occurs if one connection commits while another checkpoints; fixed in 3.51.3, 3.50.7 and 3.44.6.
"""

import sqlite3
from typing import TypeAlias

Version: TypeAlias = tuple[int, int, int]
_FIXED_IN: Version = (3, 51, 3)
_BACKPORTED_TO: frozenset[Version] = frozenset({(3, 44, 6), (3, 50, 7)})


def may_corrupt(version: Version = sqlite3.sqlite_version_info) -> bool:
    """Whether this version of SQLite has the defect."""
    return version < _FIXED_IN and version not in _BACKPORTED_TO
