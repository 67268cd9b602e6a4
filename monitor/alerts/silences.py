"""Silences: an operator wants to hear nothing for a time of alerts that match."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.alerts.matchers import Matcher, all_match


class SilenceState(StrEnum):
    """Whether a silence has an effect."""

    PENDING = "pending"
    """It has not begun."""
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence."""

    silence_id: int
    matchers: tuple[Matcher, ...]
    author: str
    comment: str
    starts_at: datetime
    ends_at: datetime
    unmatched_for: timedelta | None
    """It expires when nothing has matched it for so long; None if only its end ends it."""
    matched_at: datetime | None
    """When an alert last matched it."""

    def state(self, now: datetime) -> SilenceState:
        """Whether it has an effect at a time."""
        if now < self.starts_at:
            return SilenceState.PENDING
        return SilenceState.ACTIVE if now < self.expires_at else SilenceState.EXPIRED

    def matches(self, labels: Mapping[str, str], now: datetime) -> bool:
        """Whether it keeps an alert with these labels back at a time."""
        return self.state(now) is SilenceState.ACTIVE and all_match(self.matchers, labels)

    @property
    def expires_at(self) -> datetime:
        """When it expires, unless an alert matches it before."""
        if self.unmatched_for is None:
            return self.ends_at
        since = max(self.starts_at, self.matched_at or self.starts_at)
        return min(self.ends_at, since + self.unmatched_for)


def silenced_by(labels: Mapping[str, str], silences: Iterable[Silence], now: datetime) -> Silence | None:
    """The silence of an alert that ends last; None without one."""
    matching = (silence for silence in silences if silence.matches(labels, now))
    return max(matching, key=lambda silence: silence.ends_at, default=None)
