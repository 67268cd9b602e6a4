"""Why a database cannot be written."""

from dataclasses import dataclass


@dataclass(slots=True)
class StorageFaults:
    """What the last transactions and probes of a process have found; None means no fault."""

    write: str | None = None
    """Why the last transaction that may write failed."""
    space: str | None = None
    """Why the disk of a SQLite file has no room for the next transactions."""
