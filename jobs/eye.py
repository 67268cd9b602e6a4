"""An eye: a source together with the budget and the pauses that the configuration sets for it."""

from dataclasses import dataclass
from datetime import timedelta

from monitor.sources.budget import Budget
from monitor.sources.contract import Source


@dataclass(frozen=True, slots=True)
class Eye:
    """One source that the jobs may look through."""

    source: Source
    budget: Budget
    first_pause: timedelta
    """Pause after the first refusal; doubled after each further one."""
