"""A finding: one sentence about the installation, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well, or not as safely, as it should."""
    ERROR = "error"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    level: Level
    check: str
    """The name of the check, the same in every version: `database.disk`."""
    says: str
    hint: str = ""
    """What to do; empty when there is nothing to do."""
    about: str = ""
    """The source that it is about; empty for the installation as a whole."""


def ok(check: str, says: str, about: str = "") -> Finding:
    return Finding(Level.OK, check, says, about=about)


def warning(check: str, says: str, hint: str, about: str = "") -> Finding:
    return Finding(Level.WARNING, check, says, hint, about)


def error(check: str, says: str, hint: str, about: str = "") -> Finding:
    return Finding(Level.ERROR, check, says, hint, about)
