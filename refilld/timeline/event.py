"""Events and looks of a timeline."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model.snapshot import Outcome


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of a timeline; its text may contain unfiltered input."""

    at: datetime
    kind: str
    """The kind for programs: `look`, `drop.opened`, `decision.refill`, `refill.completed`, …"""
    text: str
    until: datetime | None = None
    """Time of the last look, if several are folded into this event."""


@dataclass(frozen=True, slots=True)
class TimelineLook:
    """One look at the target of the order."""

    at: datetime
    outcome: Outcome
    count: int | None = None
    """Set exactly when the outcome is a count."""
    source: str = ""
    counted: str = ""
    """The count kind."""
    detail: str = ""
