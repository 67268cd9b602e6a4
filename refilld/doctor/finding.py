"""A finding: one sentence about the installation, and a remedy."""

from dataclasses import dataclass
from enum import StrEnum


class FindingLevel(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or as safely as it should."""
    ERROR = "error"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    level: FindingLevel
    check: str
    """The name of the check, for example `database.disk`; it never changes."""
    says: str
    hint: str = ""
    """The remedy; empty when nothing has to be done."""
    about: str = ""
    """The source that the finding is about; empty for the installation as a whole."""


def ok(check: str, says: str, about: str = "") -> Finding:
    return Finding(FindingLevel.OK, check, says, about=about)


def warning(check: str, says: str, hint: str, about: str = "") -> Finding:
    return Finding(FindingLevel.WARNING, check, says, hint, about)


def error(check: str, says: str, hint: str, about: str = "") -> Finding:
    return Finding(FindingLevel.ERROR, check, says, hint, about)
