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
    count: int | None = None
    """The count at which it happened, if that is known."""
    units: int | None = None
    """The units that it is about."""


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
    count_offset: int = 0
    """Added to the counts of this source to continue the series of the one before it."""

    @property
    def judged(self) -> int | None:
        """The count that the rules use: the count plus its offset, at least 0."""
        return None if self.count is None else max(0, self.count + self.count_offset)
