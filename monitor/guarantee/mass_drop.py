"""Mass drops: so many targets fall together that the platform is likelier at fault than they (RULES 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Tally:
    """What the newest judged looks at the targets of one metric say, each target counted once."""

    judged: int
    """Targets judged within the rule's window."""
    fallen: int
    """Those of them that had a drop open within it."""


@dataclass(frozen=True, slots=True)
class MassDropRule:
    """When confirmed drops are held, not refilled, because a fault of the platform may heal by itself."""

    enabled: bool = True
    window: timedelta = timedelta(hours=6)
    min_targets: int = 20
    """Fewer judged targets than this never start a mass drop."""
    share: int = 20
    """In percent: it starts when more of the judged targets than this have fallen."""
    hold: timedelta = timedelta(hours=48)
    """How long a refill is held before its drop is decided anew without anybody's doing."""

    def is_on(self, tally: Tally, since: datetime | None, now: datetime) -> bool:
        """Whether a mass drop is on after a judged look at `now`; `since` is when the one that was on began.

        One that was on ends below half of the share. Few looks say little of a share: when a source has
        been silent for hours, the first ones after it end nothing, until the mass drop is as old as `hold`.
        """
        if not self.enabled:
            return False
        if since is not None:
            too_few = tally.judged < self.min_targets and now - since < self.hold
            return too_few or 2 * 100 * tally.fallen >= self.share * tally.judged
        return tally.judged >= self.min_targets and 100 * tally.fallen > self.share * tally.judged
