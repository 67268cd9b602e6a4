"""Mass drops: so many targets fall together that a fault of the platform is likely (RULES 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class MassDropCounts:
    """Numbers of targets of one metric within the window, each target counted once."""

    judged: int
    """Targets judged within the window."""
    fallen: int
    """Judged targets on which a drop opened within the window."""


@dataclass(frozen=True, slots=True)
class MassDropRule:
    """When a mass drop begins and ends; while it is on, confirmed drops are held and not refilled."""

    enabled: bool = True
    window: timedelta = timedelta(hours=6)
    """How far back judged looks are counted."""
    min_targets: int = 20
    """Least number of judged targets that can begin a mass drop."""
    share: int = 20
    """In percent of the judged targets: more fallen targets than this begin a mass drop."""
    hold: timedelta = timedelta(hours=48)
    """Time after which a held refill is decided again without an operator."""

    def is_on(self, counts: MassDropCounts, since: datetime | None, now: datetime) -> bool:
        """Whether a mass drop is on after a judged look at `now`.

        `since` is when the current mass drop began; None when none was on. It ends below half of `share`.
        Fewer than `min_targets` judged targets are too few to end it, until it is as old as `hold`.
        """
        if not self.enabled:
            return False
        if since is not None:
            too_few = counts.judged < self.min_targets and now - since < self.hold
            return too_few or 2 * 100 * counts.fallen >= self.share * counts.judged
        return counts.judged >= self.min_targets and 100 * counts.fallen > self.share * counts.judged
