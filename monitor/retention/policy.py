"""The policy of retention: how long each kind of row is kept, in operating days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from monitor.model.terms_catalog import USUAL_LIFETIME

_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept; None keeps them all."""

    snapshots_full: timedelta | None = timedelta(days=90)
    """How long every snapshot is kept after the longest guarantee; older ones are thinned to one a day."""
    events: timedelta | None = _YEAR
    """Events of finished refills, except for the first and the last one of each."""
    requests: timedelta | None = _YEAR
    """Answered requests of customers, except for the last granted one of each order."""
    alerts: timedelta | None = _YEAR
    """Alerts that were sent, kept or given up, and all other events; bulk actions that ended."""
    webhooks: timedelta | None = _YEAR
    """Deliveries of webhooks that ended, with their attempts."""

    def full_days(self, windows: Iterable[timedelta | None]) -> int | None:
        """Operating days for which every snapshot is kept; None for ever.

        `windows` are those of all orders. One without an end counts as the usual lifetime, because the rules
        read the newest count and no snapshot of the past.
        """
        longest = max((window or USUAL_LIFETIME for window in windows), default=timedelta(0))
        return None if self.snapshots_full is None else whole_days(self.snapshots_full + longest)


def whole_days(duration: timedelta) -> int:
    """The duration in days, rounded up."""
    return -(-duration // _DAY)
