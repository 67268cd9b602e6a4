"""Detection of gone targets: not found often and long enough (RULES 7)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model.snapshot import Outcome

GONE_AFTER = 3
"""Least number of absent looks after which a target is gone."""
GONE_FOR = timedelta(hours=24)
"""Least time from the first to the last of these looks."""
ABSENT = frozenset({Outcome.NOT_FOUND, Outcome.UNAVAILABLE})
"""Outcomes that count as absent."""
_PRESENT = frozenset({Outcome.COUNT, Outcome.PRIVATE, Outcome.HIDDEN})
"""Outcomes that prove that the target exists; all others neither prove nor disprove it."""


@dataclass(frozen=True, slots=True)
class Absence:
    """The absent looks at a target; empty while the target exists."""

    looks: int = 0
    """Absent looks since the target was last seen to exist."""
    since: datetime | None = None
    """Time of the first of them."""
    gone_at: datetime | None = None
    """Time of the look since which the target is gone and its orders are suspended."""

    def source_reads_others(self, read_at: datetime | None) -> bool:
        """Whether the source has read the metric of another target since the absence began.

        `read_at` is the time of the source's newest count of the same metric. This target has had no count
        since then, so a newer one is of another target. Counts of other metrics prove nothing: a source may
        lose access to one metric only.
        """
        return self.since is not None and read_at is not None and self.since < read_at


def observe(absence: Absence, outcome: Outcome, at: datetime, read_at: datetime | None) -> Absence:
    """Return the absence after one more look; only an outcome that proves existence ends it."""
    if outcome in _PRESENT:
        return Absence()
    if outcome not in ABSENT:
        return absence
    since = absence.since or at
    after = replace(absence, looks=absence.looks + 1, since=since)
    gone = after.looks >= GONE_AFTER and at - since >= GONE_FOR and after.source_reads_others(read_at)
    return replace(after, gone_at=after.gone_at or at) if gone else after
