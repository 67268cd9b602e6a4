"""A finding: one sentence about the installation, and a remedy."""

from collections.abc import Sequence
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


SUMMARY = "summary"
"""The name of the last finding, which repeats the most severe one."""


ADVICE = "database.sqlite"
"""A warning that asks for nothing to be done."""


def summary(found: Sequence[Finding]) -> Finding:
    """What to do first: the remedy of the first error, else of the first warning; or `healthy`.

    The warning of an old SQLite library asks for nothing, since refilld avoids its fault.
    """
    for level in (FindingLevel.ERROR, FindingLevel.WARNING):
        for one in found:
            if one.level is level and one.check != ADVICE:
                return Finding(level, SUMMARY, f"first: {one.hint}", one.hint, one.about)
    return ok(SUMMARY, "healthy")
