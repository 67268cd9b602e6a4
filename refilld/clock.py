"""The real clock; jobs and rules take the time as a parameter."""

from datetime import UTC, datetime

from monitor.errors import ClockError
from monitor.model.time_words import minute

RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time; updated with each release (docs/releasing.md)."""


def real_clock() -> datetime:
    """The current time; raises ClockError if it is certainly wrong."""
    return plausible(datetime.now(UTC))


def plausible(now: datetime) -> datetime:
    """The time itself; raises ClockError if it is earlier than this release."""
    if now < RELEASED:
        raise ClockError(
            f"the clock says {minute(now)} UTC, which is before this release of refilld was made; set it"
            " (timedatectl set-ntp true), and try again"
        )
    return now
