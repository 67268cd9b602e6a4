"""An event: one thing that happened to an order, in words."""

from dataclasses import dataclass
from datetime import datetime

from monitor.model.snapshot import Outcome


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One line of a story; its words may quote what came from outside, unfiltered."""

    at: datetime
    kind: str
    """What it is, for programs: `look`, `drop.opened`, `decision.refill`, `refill.completed`, …"""
    text: str
    until: datetime | None = None
    """When the last of several folded looks was taken."""


@dataclass(frozen=True, slots=True)
class TimelineLook:
    """One look at the order's target."""

    at: datetime
    outcome: Outcome
    count: int | None = None
    """The number, where there was one."""
    source: str = ""
    counted: str = ""
    detail: str = ""
