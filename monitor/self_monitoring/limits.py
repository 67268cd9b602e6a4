"""From when on each condition is told."""

from dataclasses import dataclass
from datetime import timedelta

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class SelfCheckLimits:
    """From when on a condition is told."""

    silent_after: timedelta = timedelta(hours=3)
    undelivered_after: timedelta = timedelta(hours=1)
    queued_after: timedelta = timedelta(hours=24)
    free_bytes: int = 200 * MEBIBYTE
    no_import_after: timedelta | None = timedelta(days=7)
    """None if imports are not watched."""
    overdue_after: timedelta = timedelta(hours=12)
    unseen_share: float = 0.2
    """Share of the targets."""
    credentials_after: timedelta | None = timedelta(days=53)
    """None if the age of tokens and sessions is not watched."""
