"""Absence: when a target that is not found any more counts as gone (RULES 7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.snapshot import Outcome

GONE_AFTER = 3
GONE_FOR = timedelta(hours=24)
"""Absent looks, and the time from the first to the last of them, that make a target gone."""
ABSENT = frozenset({Outcome.NOT_FOUND, Outcome.UNAVAILABLE})
"""There is nothing behind the link."""
_PRESENT = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN})
"""The target exists, whether or not it shows a number; all other outcomes do not tell."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What is remembered of a target's absent looks; empty while the target is there."""

    looks: int = 0
    """Absent looks since the target was last there; those that do not tell lie in between."""
    since: datetime | None = None
    """Time of the first of them."""
    gone_at: datetime | None = None
    """Time of the look that made the target gone: its orders are suspended since."""

    def vouched(self, read_at: datetime | None) -> bool:
        """Whether the source proved meanwhile that it can see.

        `read_at` is the time of the source's newest count of the same metric. This target gave none
        since its absence began, so a newer one is another's; and a source that lost the sight of one
        metric still reads the others.
        """
        return self.since is not None and read_at is not None and self.since < read_at


def observe(absence: Absence, outcome: Outcome, at: datetime, read_at: datetime | None) -> Absence:
    """Give the absence after one more look, from which only a target that is there comes back."""
    if outcome in _PRESENT:
        return Absence()
    if outcome not in ABSENT:
        return absence
    since = absence.since or at
    after = replace(absence, looks=absence.looks + 1, since=since)
    gone = after.looks >= GONE_AFTER and at - since >= GONE_FOR and after.vouched(read_at)
    return replace(after, gone_at=after.gone_at or at) if gone else after
