"""How urgent an event is, and whether it begins or ends a problem."""

from enum import StrEnum


class Severity(StrEnum):
    """How urgent an event is."""

    INFO = "info"
    """Nothing to do."""
    WARNING = "warning"
    """Somebody must act or decide, at the next opportunity."""
    CRITICAL = "critical"
    """The guarantee is not kept until somebody acts."""


class Status(StrEnum):
    """Whether an event begins or ends a problem."""

    FIRING = "firing"
    """A problem begins, or goes on."""
    RESOLVED = "resolved"
    """A problem has ended."""
    OCCURRED = "occurred"
    """Something happened that has no end."""
